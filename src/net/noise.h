#pragma once
// For tests: bytes that do not compress, always the same.
#include <cstddef>
#include <cstdint>
#include <string>

namespace quern::net {

inline std::string Noise(size_t size) {
  std::string out(size, '\0');
  uint64_t state = 88172645463325252u;
  for (char& c : out) {
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    c = static_cast<char>(state);
  }
  return out;
}

}  // namespace quern::net
