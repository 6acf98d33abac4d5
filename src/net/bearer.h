#pragma once
// Bearer tokens (RFC 6750) as every server of ours takes them.
#include <span>
#include <string>
#include <string_view>

namespace quern::net {

/// Whether an `Authorization` of "Bearer TOKEN" (the scheme in any case) carries one of `tokens`.
/// Takes as long for a wrong token as for a right one of the same length.
bool CarriesToken(std::string_view authorization, std::span<const std::string> tokens);

}  // namespace quern::net
