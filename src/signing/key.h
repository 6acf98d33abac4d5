#pragma once
// Elliptic-curve keys that sign and verify, from PEM text.
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"

struct evp_pkey_st;

namespace quern::signing {

/// A public key. Immutable, cheap to copy, thread-safe.
class PublicKey {
 public:
  /// "-----BEGIN PUBLIC KEY-----" or a certificate, whose key it is then. kInvalidArgument, naming
  /// `name`: no PEM, or not on the curve P-256, P-384 or P-521.
  static Result<PublicKey> Parse(std::string_view pem, const std::string& name);
  /// As OpenSSL writes it.
  const std::string& pem() const { return pem_; }
  /// SHA-256 of that text in hexadecimal: the `hint` of a bundle.
  const std::string& fingerprint() const { return fingerprint_; }
  /// "P-256".
  const char* curve() const;
  /// ECDSA over the SHA-2 digest that goes with the curve.
  bool Verifies(std::string_view message, std::string_view signature) const;

 private:
  friend class PrivateKey;
  static Result<PublicKey> Of(std::shared_ptr<evp_pkey_st> key, const std::string& name);
  std::shared_ptr<evp_pkey_st> key_;
  std::string pem_;
  std::string fingerprint_;
};

class PrivateKey {
 public:
  /// kInvalidArgument, naming `name`: no PEM of a private key, a passphrase that is missing or
  /// wrong, or a curve as above.
  static Result<PrivateKey> Parse(std::string_view pem, std::string_view passphrase,
                                  const std::string& name);
  /// A new one on P-256.
  static Result<PrivateKey> Make();
  const PublicKey& public_key() const { return public_; }
  /// PKCS #8, not encrypted.
  Result<std::string> Pem() const;
  /// A DER signature, another one each time.
  Result<std::string> Sign(std::string_view message) const;

 private:
  explicit PrivateKey(PublicKey key) : public_(std::move(key)) {}
  PublicKey public_;  // whose handle holds the private part too
};

}  // namespace quern::signing
