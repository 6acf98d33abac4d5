#include "net/bearer.h"

#include <openssl/crypto.h>

#include "net/inline.h"

namespace quern::net {
namespace {

bool SameToken(std::string_view a, std::string_view b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace

bool CarriesToken(std::string_view authorization, std::span<const std::string> tokens) {
  constexpr std::string_view kScheme = "bearer ";
  if (authorization.size() < kScheme.size() ||
      !SameName(authorization.substr(0, kScheme.size()), kScheme)) {
    return false;
  }
  bool known = false;
  for (const std::string& token : tokens) {
    known = SameToken(token, authorization.substr(kScheme.size())) || known;
  }
  return known;
}

}  // namespace quern::net
