#pragma once
// Inside of tracking/ only: small pieces of SQL that several files of this room need.
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "search/query.h"
#include "store/database.h"
#include "tracking/types.h"

namespace quern::tracking {

/// Adds or replaces one value of a table (owner, key, value).
Status SetText(store::Database& db, const std::string& table, const std::string& owner, int64_t id,
               const std::string& key, const std::string& value);
/// All of an owner's values of such a table.
Status ReadTexts(store::Database& db, const std::string& table, const std::string& owner,
                 int64_t id, Texts& into);

/// A number that is NaN where the database has NULL: it cannot hold a NaN.
double NumberOrNan(const store::Row& row, int column);
store::Param NullIfNan(double value);
/// NULL for what is absent.
template <class T>
store::Param OrNull(const std::optional<T>& value) {
  return value ? store::Param(*value) : store::Param();
}

/// "active", "deleted" or both, as a condition on a column.
std::string LifecycleIs(const std::string& column, ViewType view);
/// "column IN (?, ?)" and its parameters; a condition that is never true for no ids.
search::Scope IdsScope(const std::string& column, const std::vector<int64_t>& ids);
/// What page tokens of a search over these experiments are bound to.
std::string ScopeText(const std::vector<int64_t>& ids, ViewType view);

}  // namespace quern::tracking
