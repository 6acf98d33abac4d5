#include "signing/key.h"

#include <openssl/x509.h>

#include <cstring>

#include "base/digest.h"
#include "signing/openssl_key.h"

namespace quern::signing {
namespace {

constexpr char kCurves[] =
    "make one with `quern models keygen`, or `openssl ecparam -name prime256v1 -genkey -noout`";

Key KeyOfCertificate(std::string_view pem) {
  const Bio bio = Reading(pem);
  X509* certificate = PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr);
  if (certificate == nullptr) return nullptr;
  Key key(X509_get_pubkey(certificate), EVP_PKEY_free);
  X509_free(certificate);
  return key;
}

}  // namespace

const Curve* CurveOf(EVP_PKEY* key) {
  // Digests by the size of the key, as Sigstore's registry of algorithms pairs them.
  static constexpr Curve kKnown[] = {{"prime256v1", "P-256", EVP_sha256},
                                     {"secp384r1", "P-384", EVP_sha384},
                                     {"secp521r1", "P-521", EVP_sha512}};
  if (EVP_PKEY_get_base_id(key) != EVP_PKEY_EC) return nullptr;
  char group[32] = "";
  if (EVP_PKEY_get_group_name(key, group, sizeof group, nullptr) != 1) return nullptr;
  for (const Curve& curve : kKnown) {
    if (std::strcmp(group, curve.group) == 0) return &curve;
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

std::unexpected<Error> NoKey(std::string message, std::string hint) {
  ERR_clear_error();
  return Fail(Code::kInvalidArgument, std::move(message), std::move(hint));
}

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

}  // namespace quern::signing
