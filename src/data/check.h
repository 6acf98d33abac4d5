#pragma once
// Validation: all expectations of a table in one pass over its rows, with the meaning of Great
// Expectations (share of the non-missing values; missing ones are ignored except by not_null;
// nothing to look at passes).
#include <boost/json/fwd.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "base/time.h"
#include "data/expectation.h"
#include "data/quality.h"
#include "table/session.h"

namespace quern::data {

/// A row that broke a rule. `row` counts from 1 in the order of the table.
struct CheckExample {
  int64_t row = 0;
  std::vector<std::pair<std::string, table::Value>> key;    // of CheckOptions::key_columns
  std::vector<std::pair<std::string, table::Value>> value;  // what the rule read, by column
};

struct CheckOutcome {
  Expectation expectation;
  bool success = true;
  int64_t evaluated =
      0;  // values (rows for unique over several, expression); 1 for rules on the table
  int64_t failed = 0;
  std::optional<std::string> observed;  // the range, the strange values, the count, the newest time
  std::string text;                     // what a person reads
  std::vector<CheckExample> examples;   // the first ones, in table order

  /// failed / evaluated, 0 if nothing was evaluated.
  double share() const;
};

struct CheckReport {
  std::string source;
  int64_t rows = 0;
  bool success = true;  // no failed check of severity error
  std::vector<CheckOutcome> checks;
  QualityScores scores;
};

struct CheckOptions {
  std::string source;  // shown in the record
  std::vector<std::string> key_columns;
  const Clock* clock = &SystemClock();  // for freshness; borrowed
  size_t example_limit = 20;
};

/// Checks `table_sql`, a table or view name that may stand after FROM. Reads it once for all rules,
/// once more per broken unique rule, and twice for the examples of broken rules. NaN and "" count
/// as missing. Errors: kInvalidArgument at the rule for unknown columns, expressions or patterns
/// that do not parse, and bounds that do not fit the column's type; the session's own.
Result<CheckReport> Check(table::Session& session, const std::string& table_sql,
                          const std::vector<Expectation>& expectations,
                          const CheckOptions& options = {});

/// The record "validate".
json::value ToJson(const CheckReport& report);

}  // namespace quern::data
