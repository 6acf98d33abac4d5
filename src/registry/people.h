#pragma once
// Inside of registry/ only: who is who, as far as names that people declare can tell.
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "registry/types.h"
#include "store/database.h"

namespace quern::registry {

/// "ada (unverified)" is "ada", "Ada" is "ada", and "ada" is "ada@host": who is perhaps the same is
/// the same.
bool SamePerson(std::string_view a, std::string_view b);

/// Everyone who had a hand in making the version: who registered it, as which user, and whose run
/// it is of. `log` is the model's.
Result<std::vector<std::string>> AuthorsOf(store::Database& database, const ModelVersion& version,
                                           const std::vector<LogEntry>& log);

}  // namespace quern::registry
