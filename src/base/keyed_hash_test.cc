#include "base/keyed_hash.h"

#include <doctest/doctest.h>

#include <string>

#include "base/secret.h"

namespace quern {
namespace {

std::string Bytes(const KeyedHash& hash, std::string_view message) {
  const auto digest = hash.Of(message);
  return {digest.begin(), digest.end()};
}

// Against the one-shot function, whose values are RFC 4231's (secret_test.cc).
TEST_CASE("the same as HMAC-SHA-256, for keys and messages around a block") {
  for (const size_t key_bytes : {0, 1, 32, 63, 64, 65, 200}) {
    const std::string key(key_bytes, 'k');
    const KeyedHash hash(key);
    for (const size_t bytes : {0, 1, 55, 56, 64, 119, 1000}) {
      const std::string message(bytes, 'm');
      CHECK(Bytes(hash, message) == HmacSha256(key, message));
      CHECK(Bytes(hash, message) == HmacSha256(key, message));
    }
  }
}

}  // namespace
}  // namespace quern
