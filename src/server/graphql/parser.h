#pragma once
// What the parsers of documents and of schemas share: tokens one ahead, values, types.
#include <string_view>
#include <vector>

#include "server/graphql/document.h"
#include "server/graphql/lexer.h"

namespace quern::server::graphql {

/// Recursive descent; depth is counted, so that no text can exhaust the stack. Borrows the text.
class Parser {
 public:
  explicit Parser(std::string_view text) : lexer_(text) {}
  /// Reads the first token: to be called once, before all else.
  Status Start() { return Advance(); }

 protected:
  Status Advance();
  bool At(std::string_view punctuator) const { return token_.Is(punctuator); }
  bool AtWord(std::string_view word) const {
    return token_.kind == Token::Kind::kName && token_.text == word;
  }
  /// Takes the punctuator if it is next.
  Result<bool> Take(std::string_view punctuator);
  Status Expect(std::string_view punctuator);
  Result<std::string> Name();
  /// "Syntax Error: Expected WHAT, found …"; without `what`: "Unexpected …".
  std::unexpected<Error> Wrong(std::string_view what = "") const;

  /// `constant`: variables are not allowed in it.
  Result<Value> ReadValue(bool constant);
  Result<TypeRef> ReadType();
  Result<std::vector<Argument>> ReadArguments(bool constant);
  Result<std::vector<Directive>> ReadDirectives(bool constant);

  /// One level of nesting, as long as it lives.
  class Level {
   public:
    explicit Level(int* depth) : depth_(depth) { ++*depth_; }
    ~Level() { --*depth_; }
    Level(const Level&) = delete;
    Level& operator=(const Level&) = delete;

   private:
    int* depth_;
  };
  Status CheckDepth() const;

  Lexer lexer_;
  Token token_;
  int depth_ = 0;

 private:
  Result<Value> ReadList(bool constant);
  Result<Value> ReadObject(bool constant);
  Result<Value> ReadWord();
};

}  // namespace quern::server::graphql
