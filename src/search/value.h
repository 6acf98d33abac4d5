#pragma once
// Inside of search/ only: one comparison of an SQL expression with the values of a filter.
#include <string_view>

#include "base/result.h"
#include "search/dialect.h"
#include "search/entity.h"
#include "search/filter.h"
#include "search/resolve.h"
#include "search/sql.h"

namespace quern::search {

/// The longest LIKE pattern in bytes: SQLite's own limit, less what escaping may add.
inline constexpr size_t kMaxPatternBytes = 16'000;

/// `left OP values` as an SQL condition; `node` is no IS NULL. Errors: an operator that the type
/// lacks, a value of another type, a pattern too long.
Result<Sql> Compare(const Entity& entity, const Target& target, const Sql& left, const Node& node,
                    Dialect dialect);

}  // namespace quern::search
