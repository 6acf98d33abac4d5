#include "expr/lexer.h"

#include "base/text.h"

namespace quern::expr {
namespace {

bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool IsWordStart(char c) {
  // Bytes of non-ASCII letters count as letters: columns may be named in any language.
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
         static_cast<unsigned char>(c) >= 0x80;
}
bool IsBlank(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

class Lexer {
 public:
  Lexer(std::string_view text, Position origin) : text_(text), where_(std::move(origin)) {}

  Result<std::vector<Token>> Run() {
    for (;;) {
      while (at_ < text_.size() && IsBlank(text_[at_])) Advance(1);
      Token token;
      token.where = where_;
      if (at_ < text_.size()) QUERN_TRY(Next(token));
      tokens_.push_back(std::move(token));
      if (tokens_.back().kind == TokenKind::kEnd) return std::move(tokens_);
    }
  }

 private:
  char Peek(size_t ahead = 0) const {
    return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0';
  }

  /// Columns count characters, not bytes. An origin without a line keeps none.
  void Advance(size_t bytes) {
    for (; bytes > 0 && at_ < text_.size(); --bytes, ++at_) {
      if (where_.line == 0) continue;
      if (text_[at_] == '\n') {
        ++where_.line;
        where_.column = 1;
      } else if ((static_cast<unsigned char>(text_[at_]) & 0xC0) != 0x80 && where_.column > 0) {
        ++where_.column;
      }
    }
  }

  std::string Take(size_t bytes) {
    std::string out(text_.substr(at_, bytes));
    Advance(bytes);
    return out;
  }

  Status Next(Token& token) {
    const char c = Peek();
    if (IsDigit(c) || (c == '.' && IsDigit(Peek(1)))) return Number(token);
    if (c == '\'') return Quoted(token, TokenKind::kText);
    if (c == '"') return Quoted(token, TokenKind::kQuotedName);
    if (IsWordStart(c)) {
      size_t size = 1;
      while (IsWordStart(Peek(size)) || IsDigit(Peek(size))) ++size;
      token.kind = TokenKind::kWord;
      token.text = Take(size);
      return {};
    }
    for (const std::string_view symbol :
         {"<=", ">=", "<>", "!=", "==", "<", ">", "=", "+", "-", "*", "/", "%", "(", ")", ","}) {
      if (!StartsWith(text_.substr(at_), symbol)) continue;
      token.kind = TokenKind::kSymbol;
      token.text = Take(symbol.size());
      return {};
    }
    return Fail(
        Code::kInvalidArgument, "'" + std::string(1, c) + "' has no meaning in an expression",
        "operators are + - * / % = <> < <= > >= AND OR NOT IN IS NULL BETWEEN CASE", where_);
  }

  Status Number(Token& token) {
    size_t size = 0;
    while (IsDigit(Peek(size)) || Peek(size) == '.') ++size;
    if (Peek(size) == 'e' || Peek(size) == 'E') {
      size_t digits = size + 1;
      if (Peek(digits) == '+' || Peek(digits) == '-') ++digits;
      if (IsDigit(Peek(digits))) {
        size = digits;
        while (IsDigit(Peek(size))) ++size;
      }
    }
    while (IsWordStart(Peek(size))) ++size;
    token.kind = TokenKind::kNumber;
    token.text = Take(size);
    const auto number = ParseDouble(token.text);
    if (!number) {
      return Fail(Code::kInvalidArgument, "'" + token.text + "' is not a number",
                  "a column whose name starts with a digit needs double quotes", token.where);
    }
    token.number = *number;
    return {};
  }

  Status Quoted(Token& token, TokenKind kind) {
    const char quote = Peek();
    token.kind = kind;
    Advance(1);
    for (;;) {
      if (at_ >= text_.size()) {
        return Fail(Code::kInvalidArgument, std::string("the quote ") + quote + " is never closed",
                    "", token.where);
      }
      if (Peek() == quote && Peek(1) != quote) break;
      if (Peek() == quote) Advance(1);
      token.text += Take(1);
    }
    Advance(1);
    if (!token.text.empty()) return {};
    if (kind == TokenKind::kText) {
      return Fail(Code::kInvalidArgument, "the empty text '' is a missing value",
                  "test for it with IS NULL or IS NOT NULL", token.where);
    }
    return Fail(Code::kInvalidArgument, "a column name cannot be empty", "", token.where);
  }

  std::string_view text_;
  size_t at_ = 0;
  Position where_;
  std::vector<Token> tokens_;
};

}  // namespace

Result<std::vector<Token>> Tokenize(std::string_view text, const Position& origin) {
  return Lexer(text, origin).Run();
}

}  // namespace quern::expr
