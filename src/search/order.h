#pragma once
// Inside of search/ only: an order_by list as sort keys.
#include <vector>

#include "base/result.h"
#include "search/query.h"

namespace quern::search {

/// The asked order, or the entity's own, then its tie-breakers: no two rows have equal keys.
Result<std::vector<SortKey>> SortKeys(const Entity& entity, const Request& request,
                                      Dialect dialect);

/// The condition that holds for the rows after one with these values of the keys.
Sql After(const std::vector<SortKey>& keys, const std::vector<store::Param>& values);

}  // namespace quern::search
