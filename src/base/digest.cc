#include "base/digest.h"

#include <openssl/evp.h>
#define XXH_INLINE_ALL
#include <xxhash.h>

#include <array>
#include <bit>
#include <cerrno>
#include <cstdio>
#include <cstring>

#include "base/check.h"
#include "base/hex.h"

namespace quern {
struct Digester::State {
  EVP_MD_CTX* context = EVP_MD_CTX_new();
  State() { QUERN_CHECK(EVP_DigestInit_ex(context, EVP_sha256(), nullptr) == 1, "SHA-256"); }
  ~State() { EVP_MD_CTX_free(context); }
  State(const State&) = delete;
  State& operator=(const State&) = delete;
  void Update(const void* bytes, size_t size) {
    QUERN_CHECK(EVP_DigestUpdate(context, bytes, size) == 1, "SHA-256");
  }
  std::string Finish() {
    std::array<unsigned char, EVP_MAX_MD_SIZE> out{};
    unsigned size = 0;
    QUERN_CHECK(EVP_DigestFinal_ex(context, out.data(), &size) == 1, "SHA-256");
    return ToHex(out.data(), size);
  }
};

Digester::Digester() : state_(std::make_unique<State>()) {}
Digester::~Digester() = default;

Digester& Digester::Add(std::string_view part) {
  Add(static_cast<uint64_t>(part.size()));
  state_->Update(part.data(), part.size());
  return *this;
}

Digester& Digester::Add(uint64_t part) {
  std::array<unsigned char, 8> bytes{};
  for (size_t i = 0; i < 8; ++i) bytes[i] = static_cast<unsigned char>(part >> (8 * i));
  state_->Update(bytes.data(), bytes.size());
  return *this;
}

Digester& Digester::Add(double part) {
  // All NaNs and both zeros are one value each: a digest speaks of content, not of bit patterns.
  if (part != part) return Add(uint64_t{0x7ff8000000000000});
  return Add(std::bit_cast<uint64_t>(part == 0 ? 0.0 : part));
}

std::string Digester::Finish() { return state_->Finish(); }

std::string Sha256(std::string_view bytes) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> out{};
  unsigned size = 0;
  QUERN_CHECK(EVP_Digest(bytes.data(), bytes.size(), out.data(), &size, EVP_sha256(), nullptr) == 1,
              "SHA-256");
  return ToHex(out.data(), size);
}

Result<std::string> Sha256File(const std::string& path) {
  std::FILE* file = std::fopen(path.c_str(), "rb");
  if (file == nullptr) {
    return Fail(errno == ENOENT ? Code::kNotFound : Code::kUnavailable,
                "cannot read '" + path + "': " + std::strerror(errno));
  }
  EVP_MD_CTX* context = EVP_MD_CTX_new();
  EVP_DigestInit_ex(context, EVP_sha256(), nullptr);
  std::array<char, 1 << 16> buffer;
  size_t got = 0;
  do {
    got = std::fread(buffer.data(), 1, buffer.size(), file);
    EVP_DigestUpdate(context, buffer.data(), got);
  } while (got == buffer.size());
  const bool failed = std::ferror(file) != 0;
  std::fclose(file);
  std::array<unsigned char, EVP_MAX_MD_SIZE> out{};
  unsigned size = 0;
  EVP_DigestFinal_ex(context, out.data(), &size);
  EVP_MD_CTX_free(context);
  if (failed) return Fail(Code::kUnavailable, "cannot read '" + path + "'");
  return ToHex(out.data(), size);
}

uint64_t Hash64(std::string_view bytes, uint64_t seed) {
  return XXH3_64bits_withSeed(bytes.data(), bytes.size(), seed);
}

}  // namespace quern
