#include "server/graphql/lexer.h"

#include <algorithm>
#include <optional>
#include <vector>

#include "base/utf8.h"

namespace quern::server::graphql {
namespace {

bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool IsNameStart(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool IsNamePart(char c) { return IsNameStart(c) || IsDigit(c); }

/// The characters of a block string: without the indentation that its lines share, nor empty lines
/// at its ends (specification, section 2.9.4).
std::string Dedent(std::string_view raw) {
  std::vector<std::string> lines;
  std::string line;
  for (size_t i = 0; i < raw.size(); ++i) {
    if (raw[i] == '\r' && i + 1 < raw.size() && raw[i + 1] == '\n') continue;
    if (raw[i] == '\n' || raw[i] == '\r') {
      lines.push_back(std::move(line));
      line.clear();
    } else {
      line += raw[i];
    }
  }
  lines.push_back(std::move(line));
  std::optional<size_t> common;
  for (size_t i = 1; i < lines.size(); ++i) {
    const size_t indent = lines[i].find_first_not_of(" \t");
    if (indent != std::string::npos) common = std::min(common.value_or(indent), indent);
  }
  for (size_t i = 1; i < lines.size(); ++i) lines[i].erase(0, common.value_or(0));
  const auto blank = [](const std::string& text) {
    return text.find_first_not_of(" \t") == std::string::npos;
  };
  while (!lines.empty() && blank(lines.back())) lines.pop_back();
  while (!lines.empty() && blank(lines.front())) lines.erase(lines.begin());
  std::string joined;
  for (size_t i = 0; i < lines.size(); ++i) joined += (i == 0 ? "" : "\n") + lines[i];
  return joined;
}

}  // namespace

std::string Token::Show() const {
  switch (kind) {
    case Kind::kEnd:
      return "<EOF>";
    case Kind::kPunctuator:
      return "'" + text + "'";
    case Kind::kName:
      return "Name '" + text + "'";
    case Kind::kInt:
      return "Int '" + text + "'";
    case Kind::kFloat:
      return "Float '" + text + "'";
    case Kind::kString:
      return "String '" + text + "'";
  }
  return "";
}

std::unexpected<Error> Lexer::Fault(size_t offset, std::string_view what) const {
  const std::string_view before = text_.substr(0, offset);
  const auto line = 1 + std::count(before.begin(), before.end(), '\n');
  const size_t start = before.rfind('\n') == std::string_view::npos ? 0 : before.rfind('\n') + 1;
  return Fail(Code::kInvalidArgument, "Syntax Error: " + std::string(what) + " (line " +
                                          std::to_string(line) + ", column " +
                                          std::to_string(offset - start + 1) + ").");
}

std::unexpected<Error> Lexer::Unexpected(size_t offset) const {
  const char c = text_[offset];
  constexpr std::string_view kHex = "0123456789ABCDEF";
  const auto byte = static_cast<unsigned char>(c);
  const bool printable = byte > 0x20 && byte < 0x7F;
  const std::string shown = printable
                                ? "'" + std::string(1, c) + "'"
                                : "the byte 0x" + std::string{kHex[byte >> 4], kHex[byte & 15]};
  return Fault(offset, "Unexpected character: " + shown);
}

void Lexer::SkipIgnored() {
  if (at_ == 0 && text_.starts_with("\xEF\xBB\xBF")) at_ = 3;
  while (at_ < text_.size()) {
    const char c = text_[at_];
    if (c == '#') {
      at_ = std::min(text_.find_first_of("\n\r", at_), text_.size());
    } else if (c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == ',') {
      ++at_;
    } else {
      return;
    }
  }
}

Result<Token> Lexer::Next() {
  SkipIgnored();
  Token token;
  token.offset = at_;
  if (at_ == text_.size()) return token;
  const char c = text_[at_];
  if (IsNameStart(c)) {
    while (at_ < text_.size() && IsNamePart(text_[at_])) ++at_;
    token.kind = Token::Kind::kName;
  } else if (IsDigit(c) || c == '-') {
    return Number();
  } else if (c == '"') {
    return text_.substr(at_).starts_with("\"\"\"") ? BlockString() : String();
  } else if (text_.substr(at_).starts_with("...")) {
    token.kind = Token::Kind::kPunctuator;
    at_ += 3;
  } else if (std::string_view("!$&()@:=[]{}|").find(c) != std::string_view::npos) {
    token.kind = Token::Kind::kPunctuator;
    ++at_;
  } else {
    return Unexpected(at_);
  }
  token.text = std::string(text_.substr(token.offset, at_ - token.offset));
  return token;
}

Result<Token> Lexer::Number() {
  Token token{Token::Kind::kInt, "", at_};
  const auto digits = [this]() -> Status {
    if (at_ == text_.size()) return Fault(at_, "Invalid number, expected digit but got: <EOF>");
    if (!IsDigit(text_[at_])) return Unexpected(at_);
    while (at_ < text_.size() && IsDigit(text_[at_])) ++at_;
    return {};
  };
  if (text_[at_] == '-') ++at_;
  const size_t first = at_;
  QUERN_TRY(digits());
  if (text_[first] == '0' && at_ - first > 1) {
    return Fault(first + 1, "Invalid number, unexpected digit after 0");
  }
  if (at_ < text_.size() && text_[at_] == '.') {
    token.kind = Token::Kind::kFloat;
    ++at_;
    QUERN_TRY(digits());
  }
  if (at_ < text_.size() && (text_[at_] == 'e' || text_[at_] == 'E')) {
    token.kind = Token::Kind::kFloat;
    ++at_;
    if (at_ < text_.size() && (text_[at_] == '+' || text_[at_] == '-')) ++at_;
    QUERN_TRY(digits());
  }
  if (at_ < text_.size() && (IsNamePart(text_[at_]) || text_[at_] == '.')) return Unexpected(at_);
  token.text = std::string(text_.substr(token.offset, at_ - token.offset));
  return token;
}

Result<uint32_t> Lexer::Hex(size_t digits) {
  const std::string_view text = text_.substr(at_, digits);
  uint32_t value = 0;
  for (char c : text) {
    const size_t digit =
        std::string_view("0123456789abcdef").find(static_cast<char>(IsDigit(c) ? c : c | 0x20));
    if (digit == std::string_view::npos) return Fault(at_, "Invalid Unicode escape sequence");
    value = value * 16 + static_cast<uint32_t>(digit);
  }
  if (text.size() < digits) return Fault(at_, "Invalid Unicode escape sequence");
  at_ += digits;
  return value;
}

Status Lexer::Escape(std::string* out) {
  const size_t start = at_++;  // at the backslash
  const char c = at_ < text_.size() ? text_[at_++] : '\0';
  constexpr std::string_view kFrom = "\"\\/bfnrt";
  constexpr std::string_view kTo = "\"\\/\b\f\n\r\t";
  if (const size_t simple = kFrom.find(c); c != '\0' && simple != std::string_view::npos) {
    out->push_back(kTo[simple]);
    return {};
  }
  if (c != 'u') return Fault(start, "Invalid character escape sequence");
  QUERN_ASSIGN(uint32_t point, Hex(4));
  if (point >= 0xD800 && point < 0xDC00 && text_.substr(at_).starts_with("\\u")) {
    at_ += 2;
    QUERN_ASSIGN(const uint32_t low, Hex(4));
    if (low < 0xDC00 || low > 0xDFFF) return Fault(start, "Invalid Unicode escape sequence");
    point = 0x10000 + ((point - 0xD800) << 10) + (low - 0xDC00);
  }
  if (point >= 0xD800 && point <= 0xDFFF) return Fault(start, "Invalid Unicode escape sequence");
  AppendUtf8(point, *out);
  return {};
}

Result<Token> Lexer::String() {
  Token token{Token::Kind::kString, "", at_++};
  while (at_ < text_.size() && text_[at_] != '\n' && text_[at_] != '\r') {
    const char c = text_[at_];
    if (c == '"') {
      ++at_;
      return token;
    }
    if (c == '\\') {
      QUERN_TRY(Escape(&token.text));
    } else if (static_cast<unsigned char>(c) < 0x20 && c != '\t') {
      return Unexpected(at_);
    } else {
      token.text += c;
      ++at_;
    }
  }
  return Fault(at_, "Unterminated string");
}

Result<Token> Lexer::BlockString() {
  Token token{Token::Kind::kString, "", at_};
  at_ += 3;
  std::string raw;
  while (at_ < text_.size()) {
    const std::string_view rest = text_.substr(at_);
    if (rest.starts_with("\"\"\"")) {
      at_ += 3;
      token.text = Dedent(raw);
      return token;
    }
    const bool escaped = rest.starts_with("\\\"\"\"");
    raw += escaped ? std::string_view("\"\"\"") : rest.substr(0, 1);
    at_ += escaped ? 4 : 1;
  }
  return Fault(at_, "Unterminated string");
}

}  // namespace quern::server::graphql
