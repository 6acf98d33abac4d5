#pragma once
// The Sigstore bundle in which a signature is kept: a DSSE envelope, and which key signed it.
#include <string>
#include <string_view>

#include "base/result.h"
#include "signing/key.h"

namespace quern::signing {

/// What a bundle says, none of it checked yet.
struct Bundle {
  std::string hint;       // fingerprint of the key; "" if it names none
  std::string payload;    // the statement
  std::string signature;  // DER
};

/// kDataLoss for what is no bundle of one DSSE signature over an in-toto statement; `name` says in
/// the message where it was.
Result<Bundle> ReadBundle(std::string_view json, const std::string& name);

/// What DSSE signs: the payload with its type, each with its length.
std::string SignedBytes(std::string_view payload);

/// A bundle over every file of the folder; `subject` is what it is called. Errors of ListFolder.
Result<std::string> SignFolder(const std::string& folder, const std::string& subject,
                               const PrivateKey& key);

}  // namespace quern::signing
