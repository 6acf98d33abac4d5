#pragma once
// Inside of store/ only: what a copy of a PostgreSQL database says of its tables.
#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"

namespace quern::store {

struct PostgresTables {
  struct Table {
    std::string name;
    std::vector<std::string> columns;
    int64_t rows = 0;
  };
  /// The last number that a column's counter gave.
  struct Counter {
    std::string table;
    std::string column;
    int64_t value = 0;
  };
  /// A table stands behind those that it refers to.
  std::vector<Table> tables;
  std::vector<Counter> counters;

  std::string ToJson() const;
  /// kDataLoss for anything else. `name` is for messages.
  static Result<PostgresTables> FromJson(const std::string& text, const std::string& name);
};

/// `tables` so that each stands behind those that it refers to: `refers` holds (from, to).
std::vector<std::string> InOrderOfReference(
    std::vector<std::string> tables,
    const std::vector<std::pair<std::string, std::string>>& refers);

}  // namespace quern::store
