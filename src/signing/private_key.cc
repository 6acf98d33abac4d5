// Keys that sign: programs that verify do without.
#include <openssl/ec.h>

#include <cstring>

#include "signing/key.h"
#include "signing/openssl_key.h"

namespace quern::signing {
namespace {

int GivePassphrase(char* into, int size, int, void* given) {
  const auto& passphrase = *static_cast<const std::string_view*>(given);
  if (passphrase.empty() || passphrase.size() > static_cast<size_t>(size)) return -1;
  std::memcpy(into, passphrase.data(), passphrase.size());
  return static_cast<int>(passphrase.size());
}

}  // namespace

Result<PrivateKey> PrivateKey::Parse(std::string_view pem, std::string_view passphrase,
                                     const std::string& name) {
  const Bio bio = Reading(pem);
  Key handle(PEM_read_bio_PrivateKey(bio.get(), nullptr, GivePassphrase, &passphrase),
             EVP_PKEY_free);
  if (handle == nullptr) {
    if (pem.find("ENCRYPTED") != std::string_view::npos) {
      return NoKey(
          "the private key in '" + name + "' is encrypted, and " +
              (passphrase.empty() ? "no passphrase was given" : "the passphrase does not open it"),
          "put its passphrase into the environment variable QUERN_KEY_PASSPHRASE");
    }
    return NoKey("'" + name + "' holds no private key in PEM",
                 "it begins with -----BEGIN PRIVATE KEY----- or -----BEGIN EC PRIVATE KEY-----");
  }
  QUERN_ASSIGN(PublicKey key, PublicKey::Of(std::move(handle), name));
  return PrivateKey(std::move(key));
}

Result<PrivateKey> PrivateKey::Make() {
  Key handle(EVP_EC_gen("P-256"), EVP_PKEY_free);
  if (handle == nullptr) {
    ERR_clear_error();
    return Fail(Code::kInternal, "OpenSSL makes no key on P-256");
  }
  QUERN_ASSIGN(PublicKey key, PublicKey::Of(std::move(handle), "a new key"));
  return PrivateKey(std::move(key));
}

Result<std::string> PrivateKey::Pem() const {
  const Bio bio(BIO_new(BIO_s_mem()), BIO_free);
  if (PEM_write_bio_PKCS8PrivateKey(bio.get(), public_.key_.get(), nullptr, nullptr, 0, nullptr,
                                    nullptr) != 1) {
    ERR_clear_error();
    return Fail(Code::kInternal, "OpenSSL does not write the key");
  }
  return Written(bio.get());
}

Result<std::string> PrivateKey::Sign(std::string_view message) const {
  EVP_PKEY* key = public_.key_.get();
  const Context context(EVP_MD_CTX_new(), EVP_MD_CTX_free);
  std::string signature(static_cast<size_t>(EVP_PKEY_get_size(key)), '\0');
  size_t size = signature.size();
  if (EVP_DigestSignInit(context.get(), nullptr, CurveOf(key)->digest(), nullptr, key) != 1 ||
      EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(signature.data()), &size,
                     reinterpret_cast<const unsigned char*>(message.data()), message.size()) != 1) {
    ERR_clear_error();
    return Fail(Code::kInternal, "OpenSSL does not sign with this key");
  }
  signature.resize(size);
  return signature;
}

}  // namespace quern::signing
