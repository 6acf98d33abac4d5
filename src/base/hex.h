#pragma once
// Bytes as lower-case hexadecimal digits, two for each.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace quern {

/// Writes the `2 * size` digits of `size` bytes; allocates nothing.
inline void WriteHex(const uint8_t* bytes, size_t size, char* out) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  for (size_t i = 0; i < size; ++i) {
    *out++ = kDigits[bytes[i] >> 4];
    *out++ = kDigits[bytes[i] & 15];
  }
}

inline std::string ToHex(const void* bytes, size_t size) {
  std::string out(2 * size, '\0');
  WriteHex(static_cast<const uint8_t*>(bytes), size, out.data());
  return out;
}

/// Whether `text` is what ToHex writes of `size` bytes.
inline bool IsHex(std::string_view text, size_t size) {
  return text.size() == 2 * size &&
         text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

/// Reads `size` bytes from as many pairs of digits; false for any other text, capital letters too.
inline bool ReadHex(std::string_view text, uint8_t* out, size_t size) {
  const auto digit = [](char c) {
    if (c >= '0' && c <= '9') return c - '0';
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
  };
  if (text.size() != 2 * size) return false;
  for (size_t i = 0; i < size; ++i) {
    const int high = digit(text[2 * i]);
    const int low = digit(text[2 * i + 1]);
    if (high < 0 || low < 0) return false;
    out[i] = static_cast<uint8_t>(high << 4 | low);
  }
  return true;
}

}  // namespace quern
