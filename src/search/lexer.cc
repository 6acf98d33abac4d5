#include "search/lexer.h"

#include <algorithm>
#include <cstdlib>
#include <limits>

#include "base/text.h"
#include "search/filter.h"
#include "search/message.h"

namespace quern::search {
namespace {

bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool IsWordStart(char c) {
  // Bytes of non-ASCII letters count as letters.
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
         static_cast<unsigned char>(c) >= 0x80;
}
bool IsWord(char c) { return IsWordStart(c) || IsDigit(c) || c == '$'; }
bool IsBlank(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }
bool IsOperator(char c) { return std::string_view("<>=!~").find(c) != std::string_view::npos; }

size_t CharactersOf(std::string_view text) {
  return static_cast<size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0) != 0x80;
  }));
}

/// A text that the lexer knows to be a number; infinities are stored as the largest double.
double NumberOf(const std::string& text) {
  constexpr double kLargest = std::numeric_limits<double>::max();
  if (const auto value = ParseDouble(text)) return std::clamp(*value, -kLargest, kLargest);
  return std::clamp(std::strtod(text.c_str(), nullptr), -kLargest, kLargest);
}

class Lexer {
 public:
  explicit Lexer(std::string_view text) : text_(text) {}

  Result<std::vector<Token>> Run() {
    for (;;) {
      while (IsBlank(Peek())) Take(1);
      Token token;
      token.column = column_;
      const size_t start = at_;
      if (at_ < text_.size()) QUERN_TRY(Next(token));
      token.raw = text_.substr(start, at_ - start);
      tokens_.push_back(std::move(token));
      if (tokens_.back().kind == TokenKind::kEnd) return std::move(tokens_);
    }
  }

 private:
  char Peek(size_t ahead = 0) const {
    return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0';
  }
  std::string_view Take(size_t bytes) {
    const std::string_view taken = text_.substr(at_, bytes);
    at_ += taken.size();
    column_ += CharactersOf(taken);
    return taken;
  }

  Status Next(Token& token) {
    const char c = Peek();
    if (IsWordStart(c) || c == '`') return Name(token);
    if (c == '\'' || c == '"') {
      token.kind = TokenKind::kText;
      token.quoted = true;
      QUERN_ASSIGN(token.key, Quoted());
      return {};
    }
    const size_t sign = c == '-' ? 1 : 0;
    if (IsDigit(Peek(sign)) || (Peek(sign) == '.' && IsDigit(Peek(sign + 1)))) {
      return Number(token);
    }
    token.kind = TokenKind::kSymbol;
    size_t size = 0;
    while (IsOperator(Peek(size))) ++size;
    if (size == 0 && (c == '(' || c == ')' || c == ',')) size = 1;
    if (size > 0) {
      Take(size);
      return {};
    }
    return Meaningless();
  }

  std::unexpected<Error> Meaningless() const {
    size_t size = 1;
    while ((static_cast<unsigned char>(Peek(size)) & 0xC0) == 0x80) ++size;
    return Bad(InvalidClause(text_.substr(at_, size)), column_,
               "a key with spaces, dashes or slashes stands between back-quotes, as in "
               "metrics.`val/loss`");
  }

  /// A text between two equal quotes; the quote twice inside stands for itself.
  Result<std::string> Quoted() {
    const char quote = Peek();
    const size_t column = column_;
    const size_t start = at_;
    Take(1);
    std::string value;
    for (;;) {
      const size_t end = text_.find(quote, at_);
      if (end == std::string_view::npos) {
        return Bad(InvalidClause(text_.substr(start)), column,
                   std::string("the quote ") + quote + " is never closed");
      }
      value += Take(end - at_);
      Take(1);
      if (Peek() != quote) return value;
      value += Take(1);
    }
  }

  Status Name(Token& token) {
    token.kind = TokenKind::kName;
    QUERN_TRY(Part(token, token.key, false));
    if (Peek() == '.') {
      Take(1);
      token.has_entity = true;
      token.entity = std::move(token.key);
      token.key.clear();
      QUERN_TRY(Part(token, token.key, true));
    }
    // Without this, `metrics.val-1 > 0` would end in a puzzling message about the number -1.
    const char next = Peek();
    if (next != '\0' && !IsBlank(next) && !IsOperator(next) && next != '(' && next != ')' &&
        next != ',') {
      return Meaningless();
    }
    return {};
  }

  Status Part(Token& token, std::string& out, bool dots) {
    if (Peek() == '`' || (dots && Peek() == '"')) {
      token.quoted = true;
      QUERN_ASSIGN(out, Quoted());
    } else {
      size_t size = 0;
      while (IsWord(Peek(size)) || (dots && Peek(size) == '.')) ++size;
      out = Take(size);
    }
    if (out.empty()) return Bad("Invalid comparison clause. A key is empty", column_);
    return {};
  }

  Status Number(Token& token) {
    const size_t column = column_;
    size_t size = Peek() == '-' ? 1 : 0;
    while (IsDigit(Peek(size))) ++size;
    if (Peek(size) == '.') ++size;
    while (IsDigit(Peek(size))) ++size;
    if (Peek(size) == 'e' || Peek(size) == 'E') {
      const size_t sign = Peek(size + 1) == '+' || Peek(size + 1) == '-' ? 1 : 0;
      size_t digits = size + 1 + sign;
      while (IsDigit(Peek(digits))) ++digits;
      if (digits > size + 1 + sign) size = digits;
    }
    const size_t number = size;
    while (IsWord(Peek(size)) || Peek(size) == '.') ++size;
    const std::string text(Take(size));
    if (size > number) return Bad(InvalidClause(text), column, "this is not a number");
    token.kind = TokenKind::kNumber;
    token.number = NumberOf(text);
    return {};
  }

  std::string_view text_;
  size_t at_ = 0;
  size_t column_ = 1;
  std::vector<Token> tokens_;
};

}  // namespace

Result<std::vector<Token>> Tokenize(std::string_view text, const std::string& what) {
  const std::string invalid = "Invalid " + what + ": ";
  if (text.size() > kMaxFilterBytes) {
    return Fail(Code::kInvalidArgument, invalid + "it has " + std::to_string(text.size()) +
                                            " bytes, the most is " +
                                            std::to_string(kMaxFilterBytes));
  }
  if (const auto bad = FindInvalidUtf8(text)) {
    return Bad(invalid + "not UTF-8 text", CharactersOf(text.substr(0, *bad)) + 1);
  }
  if (const size_t nul = text.find('\0'); nul != std::string_view::npos) {
    return Bad(invalid + "a NUL character", CharactersOf(text.substr(0, nul)) + 1);
  }
  return Lexer(text).Run();
}

}  // namespace quern::search
