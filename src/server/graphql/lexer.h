#pragma once
// Words of GraphQL: names, numbers, strings and punctuators; blanks, commas and comments between.
#include <string>
#include <string_view>

#include "base/result.h"

namespace quern::server::graphql {

struct Token {
  enum class Kind { kEnd, kPunctuator, kName, kInt, kFloat, kString };
  Kind kind = Kind::kEnd;
  /// A string's characters, escapes resolved; else as it stands.
  std::string text;
  size_t offset = 0;

  bool Is(std::string_view punctuator) const {
    return kind == Kind::kPunctuator && text == punctuator;
  }
  /// As messages name it: `Name 'x'`, `'{'`, `<EOF>`.
  std::string Show() const;
};

/// Borrows the text.
class Lexer {
 public:
  explicit Lexer(std::string_view text) : text_(text) {}
  Result<Token> Next();
  /// "Syntax Error: WHAT (line L, column C)."
  std::unexpected<Error> Fault(size_t offset, std::string_view what) const;

 private:
  void SkipIgnored();
  Result<Token> Number();
  Result<Token> String();
  Result<Token> BlockString();
  Status Escape(std::string* out);
  Result<uint32_t> Hex(size_t digits);
  std::unexpected<Error> Unexpected(size_t offset) const;

  std::string_view text_;
  size_t at_ = 0;
};

}  // namespace quern::server::graphql
