#pragma once
// Inside of search/ only: page tokens, base64url of {"q": digest of the search, "k": [values of the
// sort keys]}.
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "search/query.h"

namespace quern::search {

std::string WriteToken(std::string_view digest, const std::vector<store::Param>& values);

/// The values in a token. kInvalidArgument: no token, or one of a search with another digest.
Result<std::vector<store::Param>> ReadToken(std::string_view token, std::string_view digest,
                                            const std::vector<SortKey>& keys);

}  // namespace quern::search
