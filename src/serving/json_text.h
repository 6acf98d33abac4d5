#pragma once
// JSON written by appending: answers of many rows without building a document of them first.
#include <charconv>
#include <cmath>
#include <cstdint>
#include <string>
#include <string_view>

namespace quern::serving {

/// Shortest form that reads back the same; null for what JSON has no number for.
inline void AppendJsonNumber(std::string* out, double value) {
  if (!std::isfinite(value)) {
    out->append("null");
    return;
  }
  char text[32];
  auto end = std::to_chars(text, text + sizeof text, value).ptr;
  out->append(text, static_cast<size_t>(end - text));
}

inline void AppendJsonInt(std::string* out, int64_t value) {
  char text[24];
  auto end = std::to_chars(text, text + sizeof text, value).ptr;
  out->append(text, static_cast<size_t>(end - text));
}

/// Quoted and escaped; `value` must be UTF-8.
inline void AppendJsonText(std::string* out, std::string_view value) {
  constexpr std::string_view kHex = "0123456789abcdef";
  out->push_back('"');
  for (char c : value) {
    auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out->push_back('\\');
      out->push_back(c);
    } else if (byte < 0x20) {
      out->append("\\u00");
      out->push_back(kHex[byte >> 4]);
      out->push_back(kHex[byte & 15]);
    } else {
      out->push_back(c);
    }
  }
  out->push_back('"');
}

/// `open`, the items with commas, `close`: AppendJsonList(&out, n, [&](size_t i) { … });
template <class Item>
void AppendJsonList(std::string* out, size_t count, Item item) {
  out->push_back('[');
  for (size_t i = 0; i < count; ++i) {
    if (i > 0) out->push_back(',');
    item(i);
  }
  out->push_back(']');
}

}  // namespace quern::serving
