#pragma once
// Inside of search/ only: errors about a filter. Clients see the message alone, so place and hint
// are part of it.
#include <cstddef>
#include <string>
#include <string_view>

#include "base/result.h"

namespace quern::search {

/// "MESSAGE at column 7: HINT", kInvalidArgument. `Error::where` holds the column too.
std::unexpected<Error> Bad(std::string message, size_t column, std::string_view hint = {});
/// At most 80 bytes of a text, whole characters of UTF-8, for messages.
std::string Shown(std::string_view text);
/// MLflow's words for a text that cannot be part of a filter.
std::string InvalidClause(std::string_view text);

}  // namespace quern::search
