// YAML that any parser reads alike: texts in double quotes, numbers and null plain.
#include <array>
#include <cstdio>

#include "exchange/folder_writer.h"

namespace quern::exchange {
namespace {

/// The code point at `at`, and how many bytes it has. The text is UTF-8.
std::pair<uint32_t, size_t> CodePoint(std::string_view text, size_t at) {
  const auto byte = [&](size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char first = byte(at);
  const size_t size = first < 0x80 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
  if (size == 1 || at + size > text.size()) return {first, 1};
  uint32_t point = first & (0xff >> (size + 1));
  for (size_t i = 1; i < size; ++i) point = (point << 6) | (byte(at + i) & 0x3f);
  return {point, size};
}

/// What YAML 1.1 does not take as it is: controls, line ends of other alphabets, the byte order
/// mark and its likes.
bool MustEscape(uint32_t point) {
  return point < 0x20 || (point >= 0x7f && point < 0xa0) || point == 0x2028 || point == 0x2029 ||
         point == 0xfeff || point == 0xfffe || point == 0xffff;
}

std::string QuotedYaml(std::string_view text) {
  std::string out = "\"";
  for (size_t at = 0; at < text.size();) {
    const auto [point, size] = CodePoint(text, at);
    if (point == '"' || point == '\\') {
      out += '\\';
      out += text[at];
    } else if (point == '\n') {
      out += "\\n";
    } else if (MustEscape(point)) {
      std::array<char, 8> escaped;
      std::snprintf(escaped.data(), escaped.size(), "\\u%04X", point);
      out += escaped.data();
    } else {
      out += text.substr(at, size);
    }
    at += size;
  }
  return out + "\"";
}

}  // namespace

MetaText& MetaText::Text(std::string_view key, std::string_view value) {
  text_ += std::string(key) + ": " + QuotedYaml(value) + "\n";
  return *this;
}

MetaText& MetaText::TextOrNull(std::string_view key, std::string_view value) {
  if (!value.empty()) return Text(key, value);
  return IntOrNull(key, std::nullopt);
}

MetaText& MetaText::Int(std::string_view key, int64_t value) { return IntOrNull(key, value); }

MetaText& MetaText::IntOrNull(std::string_view key, const std::optional<int64_t>& value) {
  text_ += std::string(key) + ": " + (value ? std::to_string(*value) : "null") + "\n";
  return *this;
}

MetaText& MetaText::Map(std::string_view key, const tracking::Texts& values) {
  text_ += std::string(key) + (values.empty() ? ": {}\n" : ":\n");
  // A key of more than 1024 characters needs the long form.
  for (const auto& [name, value] : values) {
    text_ += "  ? " + QuotedYaml(name) + "\n  : " + QuotedYaml(value) + "\n";
  }
  return *this;
}

}  // namespace quern::exchange
