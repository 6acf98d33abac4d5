#pragma once
// Expectations as SQL predicates over the columns of one table.
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "data/expectation.h"
#include "expr/expr.h"
#include "table/session.h"

namespace quern::data {

/// What matters about a column's DuckDB type.
enum class Physical { kNumber, kBoolean, kText, kTime, kOther };
Physical PhysicalOf(std::string_view duckdb_type);

/// The columns as the expression language sees them; times and anything unknown to it are text.
expr::Schema SchemaOfTable(std::span<const table::ColumnInfo> columns);

/// The column's value with NaN and blank text as NULL, text trimmed.
std::string ValueSql(const table::ColumnInfo& column);
/// A DOUBLE in its shortest form as text: 1 for 1.0.
std::string ShortNumberSql(const std::string& number_sql);

/// A rule on values: `evaluated` and `failed` are predicates of a row, never NULL; failed implies
/// evaluated. Rules on the table (row_count, freshness) and unique have no `failed`.
struct CheckSql {
  std::string evaluated;
  std::string failed;
  std::vector<std::string>
      aggregates;  // between: min, max; unique: distinct; freshness: newest in ms
  std::vector<table::ColumnInfo> read;  // the columns that it reads
};

Result<CheckSql> CompileCheck(const Expectation& expectation,
                              std::span<const table::ColumnInfo> columns);

}  // namespace quern::data
