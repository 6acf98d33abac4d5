#include "signing/key.h"

#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <cstring>

#include "base/digest.h"

namespace quern::signing {
namespace {

using Key = std::shared_ptr<EVP_PKEY>;
using Bio = std::unique_ptr<BIO, decltype(&BIO_free)>;
using Context = std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)>;

constexpr char kCurves[] =
    "make one with `quern models keygen`, or `openssl ecparam -name prime256v1 -genkey -noout`";

struct Curve {
  int bits;
  const char* name;
  const EVP_MD* (*digest)();
};
// Digests by the size of the key, as Sigstore's registry of algorithms pairs them.
constexpr Curve kKnown[] = {
    {256, "P-256", EVP_sha256}, {384, "P-384", EVP_sha384}, {521, "P-521", EVP_sha512}};

const Curve* CurveOf(EVP_PKEY* key) {
  if (EVP_PKEY_get_base_id(key) != EVP_PKEY_EC) return nullptr;
  char group[32] = "";
  if (EVP_PKEY_get_group_name(key, group, sizeof group, nullptr) != 1) return nullptr;
  const int bits = std::strcmp(group, "prime256v1") == 0  ? 256
                   : std::strcmp(group, "secp384r1") == 0 ? 384
                   : std::strcmp(group, "secp521r1") == 0 ? 521
                                                          : 0;
  for (const Curve& curve : kKnown) {
    if (curve.bits == bits) return &curve;
  }
  return nullptr;
}

Bio Reading(std::string_view text) {
  return {BIO_new_mem_buf(text.data(), static_cast<int>(text.size())), BIO_free};
}

std::string Written(BIO* bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio, &data);
  return size > 0 ? std::string(data, static_cast<size_t>(size)) : std::string();
}

/// What OpenSSL noted of an error is of no use to a user, and must not stay for the next caller.
std::unexpected<Error> NoKey(std::string message, std::string hint) {
  ERR_clear_error();
  return Fail(Code::kInvalidArgument, std::move(message), std::move(hint));
}

int GivePassphrase(char* into, int size, int, void* given) {
  const auto& passphrase = *static_cast<const std::string_view*>(given);
  if (passphrase.empty() || passphrase.size() > static_cast<size_t>(size)) return -1;
  std::memcpy(into, passphrase.data(), passphrase.size());
  return static_cast<int>(passphrase.size());
}

Key KeyOfCertificate(std::string_view pem) {
  const Bio bio = Reading(pem);
  X509* certificate = PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr);
  if (certificate == nullptr) return nullptr;
  Key key(X509_get_pubkey(certificate), EVP_PKEY_free);
  X509_free(certificate);
  return key;
}

}  // namespace

Result<PublicKey> PublicKey::Of(Key handle, const std::string& name) {
  if (CurveOf(handle.get()) == nullptr) {
    const char* type = EVP_PKEY_get0_type_name(handle.get());
    return NoKey("the key in '" + name + "' is " +
                     (EVP_PKEY_get_base_id(handle.get()) == EVP_PKEY_EC
                          ? "on another elliptic curve"
                          : std::string("of type ") + (type == nullptr ? "unknown" : type)) +
                     "; model signing has ECDSA on P-256, P-384 and P-521",
                 kCurves);
  }
  PublicKey key;
  const Bio bio(BIO_new(BIO_s_mem()), BIO_free);
  if (PEM_write_bio_PUBKEY(bio.get(), handle.get()) != 1) {
    return NoKey("the key in '" + name + "' has no public part", kCurves);
  }
  key.key_ = std::move(handle);
  key.pem_ = Written(bio.get());
  key.fingerprint_ = Sha256(key.pem_);
  return key;
}

Result<PublicKey> PublicKey::Parse(std::string_view pem, const std::string& name) {
  if (pem.find("PRIVATE KEY") != std::string_view::npos) {
    return NoKey("'" + name + "' is a private key, which stays with who signs",
                 "`openssl pkey -in " + name + " -pubout` writes its public part");
  }
  const Bio bio = Reading(pem);
  Key handle(PEM_read_bio_PUBKEY(bio.get(), nullptr, nullptr, nullptr), EVP_PKEY_free);
  if (handle == nullptr) handle = KeyOfCertificate(pem);
  if (handle == nullptr) {
    return NoKey("'" + name + "' holds no public key in PEM",
                 "it begins with -----BEGIN PUBLIC KEY-----");
  }
  return Of(std::move(handle), name);
}

const char* PublicKey::curve() const { return CurveOf(key_.get())->name; }

bool PublicKey::Verifies(std::string_view message, std::string_view signature) const {
  const Context context(EVP_MD_CTX_new(), EVP_MD_CTX_free);
  const bool good =
      EVP_DigestVerifyInit(context.get(), nullptr, CurveOf(key_.get())->digest(), nullptr,
                           key_.get()) == 1 &&
      EVP_DigestVerify(context.get(), reinterpret_cast<const unsigned char*>(signature.data()),
                       signature.size(), reinterpret_cast<const unsigned char*>(message.data()),
                       message.size()) == 1;
  ERR_clear_error();
  return good;
}

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
