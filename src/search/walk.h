#pragma once
// Inside of search/ only: an order that an index has. Its rows are read in that order and no
// further than the page needs, instead of sorting all that the filter finds.
#include <cstddef>
#include <string>

#include "search/entity.h"

namespace quern::search {

/// The order of the first sort key as an index has it.
struct Walk {
  const Index* index = nullptr;
  /// Of values under keys; for an attribute `attribute` is its SQL.
  std::string key;
  std::string attribute;
  /// How many sort keys it stands for: the value, and of metrics whether there is none.
  size_t keys = 1;
  bool nullable = false;

  bool keyed() const { return attribute.empty(); }
};

}  // namespace quern::search
