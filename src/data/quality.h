#pragma once
// Four scores of data quality, each with the formula and the numbers that made it: a score without
// its formula is a number nobody can argue with.
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "data/expectation.h"

namespace quern::data {

enum class Dimension { kCompleteness, kValidity, kConsistency, kTimeliness };
std::string_view DimensionName(Dimension dimension);
/// The dimension that a kind of rule speaks about: not_null and row_count completeness; between,
/// in_set, type and regex validity; unique and expression consistency; freshness timeliness.
Dimension DimensionOf(CheckKind kind);

/// In [0, 1], or nothing where it does not apply; `formula` says how it came about, or why it did
/// not.
struct QualityScore {
  std::optional<double> value;
  std::string formula;
};

struct QualityScores {
  QualityScore completeness, validity, consistency, timeliness;
};

/// What a rule found, as far as scores need it.
struct CheckCounts {
  CheckKind kind = CheckKind::kNotNull;
  int64_t evaluated = 0;
  int64_t failed = 0;
};

/// completeness = 1 - missing cells / cells, over all columns.
/// validity, consistency = passed / evaluated, summed over the rules of the dimension: a value that
/// no rule looks at counts for neither side. True accuracy would need a reference to compare with;
/// what rules can say is validity. timeliness = share of freshness rules that hold; `has_time`
/// tells why there may be none.
QualityScores ScoreQuality(int64_t cells, int64_t missing, bool has_time,
                           std::span<const CheckCounts> checks);

/// A share for people: "96 %", "4.1 %", "0.03 %".
std::string Percent(double share);

}  // namespace quern::data
