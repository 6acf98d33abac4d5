#include "base/secret.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

#include <array>
#include <memory>

#include "base/check.h"

namespace quern {
namespace {

constexpr size_t kNonceBytes = 12;
constexpr size_t kTagBytes = 16;

using CipherContext = std::unique_ptr<EVP_CIPHER_CTX, decltype(&EVP_CIPHER_CTX_free)>;

const unsigned char* Bytes(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}
unsigned char* Bytes(std::string& text) { return reinterpret_cast<unsigned char*>(text.data()); }

std::unexpected<Error> CannotOpen() {
  return Fail(Code::kDataLoss, "a stored secret cannot be read with the present key",
              "give the key that it was stored with, or store the secret anew");
}

}  // namespace

std::string HmacSha256(std::string_view key, std::string_view message) {
  std::string out(32, '\0');
  unsigned size = 0;
  QUERN_CHECK(HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), Bytes(message),
                   message.size(), Bytes(out), &size) != nullptr &&
                  size == out.size(),
              "HMAC-SHA-256");
  return out;
}

std::string RandomBytes(size_t count) {
  std::string out(count, '\0');
  FillRandom({Bytes(out), count});
  return out;
}

void FillRandom(std::span<uint8_t> out) {
  QUERN_CHECK(RAND_bytes(out.data(), static_cast<int>(out.size())) == 1,
              "the system's random source");
}

std::string Seal(std::string_view key, std::string_view text, std::string_view about) {
  QUERN_CHECK(key.size() == kSealKeyBytes, "the key's length");
  const CipherContext context(EVP_CIPHER_CTX_new(), &EVP_CIPHER_CTX_free);
  const std::string nonce = RandomBytes(kNonceBytes);
  std::string cipher(text.size(), '\0');
  std::string tag(kTagBytes, '\0');
  int size = 0;
  bool good =
      EVP_EncryptInit_ex(context.get(), EVP_aes_256_gcm(), nullptr, Bytes(key), Bytes(nonce)) == 1;
  good = good && EVP_EncryptUpdate(context.get(), nullptr, &size, Bytes(about),
                                   static_cast<int>(about.size())) == 1;
  good = good && EVP_EncryptUpdate(context.get(), Bytes(cipher), &size, Bytes(text),
                                   static_cast<int>(text.size())) == 1;
  good = good && EVP_EncryptFinal_ex(context.get(), Bytes(tag), &size) == 1;
  good =
      good && EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_GCM_GET_TAG, kTagBytes, tag.data()) == 1;
  QUERN_CHECK(good, "AES-256-GCM");
  return nonce + cipher + tag;
}

Result<std::string> Unseal(std::string_view key, std::string_view sealed, std::string_view about) {
  QUERN_CHECK(key.size() == kSealKeyBytes, "the key's length");
  if (sealed.size() < kNonceBytes + kTagBytes) return CannotOpen();
  const std::string_view nonce = sealed.substr(0, kNonceBytes);
  const std::string_view cipher =
      sealed.substr(kNonceBytes, sealed.size() - kNonceBytes - kTagBytes);
  std::string tag(sealed.substr(sealed.size() - kTagBytes));
  const CipherContext context(EVP_CIPHER_CTX_new(), &EVP_CIPHER_CTX_free);
  std::string text(cipher.size(), '\0');
  int size = 0;
  bool good =
      EVP_DecryptInit_ex(context.get(), EVP_aes_256_gcm(), nullptr, Bytes(key), Bytes(nonce)) == 1;
  good = good && EVP_DecryptUpdate(context.get(), nullptr, &size, Bytes(about),
                                   static_cast<int>(about.size())) == 1;
  good = good && EVP_DecryptUpdate(context.get(), Bytes(text), &size, Bytes(cipher),
                                   static_cast<int>(cipher.size())) == 1;
  good =
      good && EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_GCM_SET_TAG, kTagBytes, tag.data()) == 1;
  std::array<unsigned char, kTagBytes> rest{};
  good = good && EVP_DecryptFinal_ex(context.get(), rest.data(), &size) == 1;
  if (!good) return CannotOpen();
  return text;
}

}  // namespace quern
