#pragma once
// Inside of search/ only: an order_by list as sort keys.
#include <optional>
#include <vector>

#include "base/result.h"
#include "search/query.h"

namespace quern::search {

/// No two rows have equal keys.
struct Order {
  std::vector<SortKey> keys;
  std::optional<Walk> walk;
  bool own = false;
};

/// The asked order, or the entity's own, then its tie-breakers.
Result<Order> OrderOf(const Entity& entity, const Request& request, Dialect dialect);

/// The condition that holds for the rows after one with these values of the keys.
Sql After(const std::vector<SortKey>& keys, const std::vector<store::Param>& values);

}  // namespace quern::search
