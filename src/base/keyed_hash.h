#pragma once
// HMAC-SHA-256 of many messages under one key: the key is worked in once, and nothing is allocated.
#include <array>
#include <cstdint>
#include <string_view>

namespace quern {

/// RFC 2104, with the same result as HmacSha256(). Thread-safe.
class KeyedHash {
 public:
  explicit KeyedHash(std::string_view key);

  static constexpr size_t kBytes = 32;
  std::array<uint8_t, kBytes> Of(std::string_view message) const;

 private:
  /// SHA-256's state after one block (FIPS 180-4); a SHA256_CTX, which stays in the .cc.
  struct alignas(8) State {
    std::array<std::byte, 128> bytes;
  };
  State inner_;
  State outer_;
};

}  // namespace quern
