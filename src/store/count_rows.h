#pragma once
// For tests: how many rows a table has.
#include <doctest/doctest.h>

#include <cstdint>
#include <string>

#include "store/database.h"

namespace quern::store {

inline int64_t CountRows(Database& database, const std::string& table) {
  int64_t count = -1;
  REQUIRE(database.Query("SELECT count(*) FROM " + table, {},
                         [&](const Row& row) { count = row.Int(0); }));
  return count;
}

}  // namespace quern::store
