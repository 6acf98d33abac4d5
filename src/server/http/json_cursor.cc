#include "server/http/json_cursor.h"

#include <array>
#include <charconv>
#include <cmath>
#include <limits>

#include "base/text.h"

namespace quern::server {
namespace {

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

/// Powers of ten that a double holds exactly.
constexpr std::array<double, 23> kTens = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                          1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                          1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
constexpr uint64_t kExact = uint64_t{1} << 53;

/// Appends a character by its number as UTF-8 (RFC 3629, section 3); the caller has room for four.
void PutUtf8(uint32_t point, char** to) {
  char*& out = *to;
  if (point < 0x80) {
    *out++ = static_cast<char>(point);
    return;
  }
  if (point < 0x800) {
    *out++ = static_cast<char>(0xC0 | (point >> 6));
  } else {
    if (point < 0x10000) {
      *out++ = static_cast<char>(0xE0 | (point >> 12));
    } else {
      *out++ = static_cast<char>(0xF0 | (point >> 18));
      *out++ = static_cast<char>(0x80 | ((point >> 12) & 0x3F));
    }
    *out++ = static_cast<char>(0x80 | ((point >> 6) & 0x3F));
  }
  *out++ = static_cast<char>(0x80 | (point & 0x3F));
}

}  // namespace

bool JsonCursor::Refuse(const char* problem) {
  if (problem_ == nullptr) {
    problem_ = problem;
    problem_at_ = static_cast<size_t>(at_ - begin_);
    at_ = end_;
  }
  return false;
}

std::string JsonCursor::Problem() const {
  if (problem_ == nullptr) return {};
  return std::string(problem_) + " at byte " + std::to_string(problem_at_);
}

void JsonCursor::Seek(size_t offset) {
  if (failed()) return;
  at_ = begin_ + offset;
  depth_ = 0;
  first_ = false;
}

JsonCursor::Kind JsonCursor::Peek() {
  Blanks();
  if (at_ == end_ || failed()) return Kind::kNone;
  switch (*at_) {
    case '{':
      return Kind::kObject;
    case '[':
      return Kind::kArray;
    case '"':
      return Kind::kString;
    case 't':
      return Kind::kTrue;
    case 'f':
      return Kind::kFalse;
    case 'n':
      return Kind::kNull;
    default:
      return IsDigit(*at_) || *at_ == '-' || *at_ == 'N' || *at_ == 'I' ? Kind::kNumber
                                                                        : Kind::kNone;
  }
}

bool JsonCursor::Enter(char open, const char* problem) {
  Blanks();
  if (at_ == end_ || *at_ != open) return Refuse(problem);
  if (++depth_ > kMaxDepth) return Refuse("nested too deeply");
  ++at_;
  first_ = true;
  return true;
}

bool JsonCursor::Close() {
  ++at_;
  --depth_;
  first_ = false;
  return false;
}

bool JsonCursor::NextItem() {
  if (failed()) return false;
  Blanks();
  if (at_ == end_) return Refuse("the text ends within a list");
  if (*at_ == ']') return Close();
  if (first_) {
    first_ = false;
    return true;
  }
  if (*at_ != ',') return Refuse("expected ',' or ']'");
  ++at_;
  return true;
}

bool JsonCursor::NextKey(std::string_view* key) {
  if (failed()) return false;
  Blanks();
  if (at_ == end_) return Refuse("the text ends within an object");
  if (*at_ == '}') return Close();
  if (!first_) {
    if (*at_ != ',') return Refuse("expected ',' or '}'");
    ++at_;
    Blanks();
  }
  first_ = false;
  if (at_ == end_ || *at_ != '"') return Refuse("expected a key in quotes");
  if (!String(key)) return false;
  Blanks();
  if (at_ == end_ || *at_ != ':') return Refuse("expected ':'");
  ++at_;
  return true;
}

bool JsonCursor::String(std::string_view* out) {
  Blanks();
  if (at_ == end_ || *at_ != '"') return Refuse("expected text in quotes");
  const char* from = ++at_;
  bool ascii = true;
  for (; at_ < end_; ++at_) {
    const auto byte = static_cast<unsigned char>(*at_);
    if (byte == '"') {
      *out = {from, static_cast<size_t>(at_ - from)};
      if (!ascii && FindInvalidUtf8(*out)) return Refuse("text that is not UTF-8");
      ++at_;
      return true;
    }
    if (byte == '\\') return Escaped(from, out);
    if (byte < 0x20) return Refuse("a control character within text");
    ascii = ascii && byte < 0x80;
  }
  return Refuse("the text ends within quotes");
}

/// A text with escapes, from its start on; `at_` stands at the first one.
bool JsonCursor::Escaped(const char* from, std::string_view* out) {
  // Where it ends, so that the arena gives no more than it takes: escapes only shrink.
  const char* close = at_;
  while (close < end_ && *close != '"') close += *close == '\\' ? 2 : 1;
  if (close >= end_) {
    at_ = end_;
    return Refuse("the text ends within quotes");
  }
  std::span<char> memory = arena_->Make<char>(static_cast<size_t>(close - from));
  char* to = memory.data();
  const char* in = from;
  while (in < close) {
    if (*in == '\\') {
      at_ = in;
      if (!Unescape(&in, &to)) return false;
      continue;
    }
    if (static_cast<unsigned char>(*in) < 0x20) {
      at_ = in;
      return Refuse("a control character within text");
    }
    *to++ = *in++;
  }
  *out = {memory.data(), static_cast<size_t>(to - memory.data())};
  at_ = close;
  if (FindInvalidUtf8(*out)) return Refuse("text that is not UTF-8");
  ++at_;
  return true;
}

bool JsonCursor::Hex4(const char* from, uint32_t* out) const {
  if (end_ - from < 4) return false;
  const auto [stop, error] = std::from_chars(from, from + 4, *out, 16);
  return error == std::errc() && stop == from + 4;
}

bool JsonCursor::Unescape(const char** from, char** to) {
  const char escape = (*from)[1];  // there is a quote behind, at least
  constexpr std::string_view kFrom = "\"\\/bfnrt";
  constexpr std::string_view kTo = "\"\\/\b\f\n\r\t";
  if (const size_t known = kFrom.find(escape); known != std::string_view::npos) {
    *(*to)++ = kTo[known];
    *from += 2;
    return true;
  }
  uint32_t point = 0;
  if (escape != 'u' || !Hex4(*from + 2, &point)) return Refuse("an escape that JSON does not have");
  *from += 6;
  if (point >= 0xD800 && point < 0xDC00) {
    uint32_t low = 0;
    const bool pair = end_ - *from >= 6 && (*from)[0] == '\\' && (*from)[1] == 'u' &&
                      Hex4(*from + 2, &low) && low >= 0xDC00 && low < 0xE000;
    if (!pair) return Refuse("half of a surrogate pair");
    point = 0x10000 + ((point - 0xD800) << 10) + (low - 0xDC00);
    *from += 6;
  } else if (point >= 0xDC00 && point < 0xE000) {
    return Refuse("half of a surrogate pair");
  }
  PutUtf8(point, to);
  return true;
}

bool JsonCursor::Word(std::string_view word) {
  Blanks();
  if (Left() < word.size() || std::string_view(at_, word.size()) != word) {
    return Refuse("expected a value");
  }
  at_ += word.size();
  return true;
}

bool JsonCursor::Bool(bool* out) {
  Blanks();
  *out = at_ < end_ && *at_ == 't';
  return Word(*out ? "true" : "false");
}

bool JsonCursor::Special(JsonNumber* out, bool negative) {
  *out = {};
  out->negative = negative;
  if (!negative && at_ < end_ && *at_ == 'N') {
    out->value = std::numeric_limits<double>::quiet_NaN();
    return Word("NaN");
  }
  const double infinity = std::numeric_limits<double>::infinity();
  out->value = negative ? -infinity : infinity;
  return Word("Infinity");
}

bool JsonCursor::Number(JsonNumber* out) {
  Blanks();
  const char* start = at_;
  const bool negative = at_ < end_ && *at_ == '-';
  if (negative) ++at_;
  if (at_ < end_ && (*at_ == 'N' || *at_ == 'I')) return Special(out, negative);
  if (at_ == end_ || !IsDigit(*at_)) return Refuse("expected a value");
  uint64_t digits = 0;
  int count = 0;  // of digits in `digits`, without leading zeros
  bool all = true;
  const auto take = [&](char c) {
    uint64_t more = 0;
    if (!all || __builtin_mul_overflow(digits, 10U, &more) ||
        __builtin_add_overflow(more, static_cast<uint64_t>(c - '0'), &more)) {
      all = false;
      return;
    }
    digits = more;
    if (digits != 0) ++count;
  };
  if (*at_ == '0' && at_ + 1 < end_ && IsDigit(at_[1])) return Refuse("a number with leading zero");
  while (at_ < end_ && IsDigit(*at_)) take(*at_++);
  bool whole = true;
  int scale = 0;  // value = digits * 10^scale
  if (at_ < end_ && *at_ == '.') {
    whole = false;
    const char* point = ++at_;
    while (at_ < end_ && IsDigit(*at_)) take(*at_++);
    if (at_ == point) return Refuse("a number that ends with its point");
    scale = -static_cast<int>(std::min<ptrdiff_t>(at_ - point, 1000));
  }
  if (at_ < end_ && (*at_ == 'e' || *at_ == 'E')) {
    whole = false;
    ++at_;
    const bool down = at_ < end_ && *at_ == '-';
    if (at_ < end_ && (*at_ == '-' || *at_ == '+')) ++at_;
    if (at_ == end_ || !IsDigit(*at_)) return Refuse("a number without its exponent");
    int exponent = 0;
    while (at_ < end_ && IsDigit(*at_)) {
      if (exponent < 100'000) exponent = exponent * 10 + (*at_ - '0');
      ++at_;
    }
    scale += down ? -exponent : exponent;
  }
  out->negative = negative;
  out->whole = whole && all;
  out->magnitude = digits;
  if (all && digits <= kExact && scale >= -22 && scale <= 22) {
    // Both are exact, so that the one operation rounds right (Clinger 1990).
    const double exact = static_cast<double>(digits);
    const double value = scale < 0 ? exact / kTens[static_cast<size_t>(-scale)]
                                   : exact * kTens[static_cast<size_t>(scale)];
    out->value = negative ? -value : value;
    return true;
  }
  const auto [stop, error] = std::from_chars(start, at_, out->value);
  if (error == std::errc::result_out_of_range) {
    // Too large, or too near to zero.
    const bool large = scale + count > 0 || (!all && scale > -400);
    const double extreme = large ? std::numeric_limits<double>::infinity() : 0;
    out->value = negative ? -extreme : extreme;
  }
  return true;
}

size_t JsonCursor::PlainNumbers(std::span<double> out) {
  constexpr ptrdiff_t kMostDigits = 19;  // fit into 64 bits, whatever they are
  size_t took = 0;
  for (const char* from = at_; took < out.size() && !failed();) {
    from = SkipBlanks(from);
    const bool negative = from < end_ && *from == '-';
    if (negative) ++from;
    uint64_t digits = 0;
    const auto take = [&] {
      const char* first = from;
      for (; from < end_ && IsDigit(*from); ++from) {
        digits = digits * 10 + static_cast<uint64_t>(*from - '0');
      }
      return from - first;
    };
    const bool zero = from < end_ && *from == '0';
    const ptrdiff_t whole = take();
    if (whole == 0 || (zero && whole > 1)) break;
    ptrdiff_t part = 0;
    if (from < end_ && *from == '.') {
      ++from;
      part = take();
      if (part == 0) break;
    }
    if (whole + part > kMostDigits || digits > kExact) break;
    const char* next = SkipBlanks(from);
    if (next == end_ || (*next != ',' && *next != ']')) break;
    // Exact by exact, as in Number.
    const double size = static_cast<double>(digits) / kTens[static_cast<size_t>(part)];
    out[took++] = negative ? -size : size;
    at_ = from;
    if (*next == ']') break;
    from = next + 1;
  }
  return took;
}

bool JsonCursor::Double(double* out) {
  JsonNumber number;
  if (!Number(&number)) return false;
  *out = number.value;
  return true;
}

bool JsonCursor::SkipString() {
  std::string_view text;
  return String(&text);
}

bool JsonCursor::Skip() {
  JsonNumber number;
  bool truth = false;
  std::string_view key;
  switch (Peek()) {
    case Kind::kNull:
      return Null();
    case Kind::kFalse:
    case Kind::kTrue:
      return Bool(&truth);
    case Kind::kNumber:
      return Number(&number);
    case Kind::kString:
      return SkipString();
    case Kind::kArray:
      for (EnterArray(); NextItem();) {
        if (!Skip()) return false;
      }
      return !failed();
    case Kind::kObject:
      for (EnterObject(); NextKey(&key);) {
        if (!Skip()) return false;
      }
      return !failed();
    case Kind::kNone:
      break;
  }
  return Refuse(at_ == end_ ? "the text ends where a value should be" : "expected a value");
}

bool JsonCursor::Finish() {
  if (failed()) return false;
  Blanks();
  if (at_ != end_) return Refuse("text after the document");
  return true;
}

}  // namespace quern::server
