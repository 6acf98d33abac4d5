// The functions below are deprecated in favour of EVP's, which allocate with each message.
#define OPENSSL_SUPPRESS_DEPRECATED
#include "base/keyed_hash.h"

#include <openssl/sha.h>

#include <algorithm>
#include <cstring>

namespace quern {
namespace {

constexpr size_t kBlock = 64;

}  // namespace

KeyedHash::KeyedHash(std::string_view key) : inner_{}, outer_{} {
  static_assert(sizeof(SHA256_CTX) <= sizeof(State));
  std::array<uint8_t, kBlock> block{};
  if (key.size() > kBlock) {
    SHA256(reinterpret_cast<const uint8_t*>(key.data()), key.size(), block.data());
  } else {
    std::copy(key.begin(), key.end(), block.begin());
  }
  const auto start = [&](uint8_t pad, State* state) {
    std::array<uint8_t, kBlock> padded{};
    std::transform(block.begin(), block.end(), padded.begin(),
                   [pad](uint8_t byte) { return static_cast<uint8_t>(byte ^ pad); });
    SHA256_CTX context;
    SHA256_Init(&context);
    SHA256_Update(&context, padded.data(), padded.size());
    std::memcpy(state->bytes.data(), &context, sizeof context);
  };
  start(0x36, &inner_);
  start(0x5c, &outer_);
}

std::array<uint8_t, KeyedHash::kBytes> KeyedHash::Of(std::string_view message) const {
  std::array<uint8_t, kBytes> digest{};
  SHA256_CTX context;
  std::memcpy(&context, inner_.bytes.data(), sizeof context);
  SHA256_Update(&context, message.data(), message.size());
  SHA256_Final(digest.data(), &context);
  std::memcpy(&context, outer_.bytes.data(), sizeof context);
  SHA256_Update(&context, digest.data(), digest.size());
  SHA256_Final(digest.data(), &context);
  return digest;
}

}  // namespace quern
