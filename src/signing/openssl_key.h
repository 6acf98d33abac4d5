#pragma once
// Inside of signing/ only: what OpenSSL's keys need wherever they are read or written.
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"

namespace quern::signing {

using Key = std::shared_ptr<EVP_PKEY>;
using Bio = std::unique_ptr<BIO, decltype(&BIO_free)>;
using Context = std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)>;

struct Curve {
  const char* group;  // as OpenSSL names it
  const char* name;
  const EVP_MD* (*digest)();
};
/// Null for a key that is not on a curve that is known here.
const Curve* CurveOf(EVP_PKEY* key);

Bio Reading(std::string_view text);
std::string Written(BIO* bio);
/// What OpenSSL noted of an error is of no use to a user, and must not stay for the next caller.
std::unexpected<Error> NoKey(std::string message, std::string hint);

}  // namespace quern::signing
