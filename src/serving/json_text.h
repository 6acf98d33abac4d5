#pragma once
// JSON written by appending: answers of many rows without building a document of them first.
#include <charconv>
#include <cmath>
#include <cstdint>
#include <span>
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
  size_t plain = 0;  // start of what needs no escape
  for (size_t i = 0; i < value.size(); ++i) {
    const auto byte = static_cast<unsigned char>(value[i]);
    if (byte >= 0x20 && byte != '"' && byte != '\\') continue;
    out->append(value.substr(plain, i - plain));
    plain = i + 1;
    if (byte >= 0x20) {
      out->push_back('\\');
      out->push_back(value[i]);
    } else {
      out->append("\\u00");
      out->push_back(kHex[byte >> 4]);
      out->push_back(kHex[byte & 15]);
    }
  }
  out->append(value.substr(plain));
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

inline void AppendJsonTexts(std::string* out, std::span<const std::string_view> texts) {
  AppendJsonList(out, texts.size(), [&](size_t i) { AppendJsonText(out, texts[i]); });
}

}  // namespace quern::serving
