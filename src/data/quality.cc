#include "data/quality.h"

#include <cmath>
#include <cstdio>

#include "base/text.h"

namespace quern::data {
namespace {

/// passed / evaluated over the rules of one dimension.
QualityScore PassRate(Dimension dimension, std::span<const CheckCounts> checks,
                      std::string_view kinds, std::string_view unit) {
  int64_t evaluated = 0, failed = 0, rules = 0;
  for (const CheckCounts& check : checks) {
    if (DimensionOf(check.kind) != dimension) continue;
    ++rules;
    evaluated += check.evaluated;
    failed += check.failed;
  }
  const std::string names(kinds), units(unit);
  if (rules == 0) return {std::nullopt, "not scored: no " + names + " rule"};
  if (evaluated == 0) {
    return {std::nullopt, "not scored: the rules found no " + units + " to look at"};
  }
  const double value = static_cast<double>(evaluated - failed) / static_cast<double>(evaluated);
  return {value, units + " that pass / " + units + " looked at, over " + std::to_string(rules) +
                     " rule" + (rules == 1 ? "" : "s") + " (" + names + ") = " +
                     std::to_string(evaluated - failed) + " / " + std::to_string(evaluated)};
}

QualityScore Timeliness(bool has_time, std::span<const CheckCounts> checks) {
  int64_t rules = 0, held = 0;
  for (const CheckCounts& check : checks) {
    if (check.kind != CheckKind::kFreshness) continue;
    ++rules;
    if (check.failed == 0) ++held;
  }
  if (rules == 0) {
    return {std::nullopt, has_time ? "not scored: there is a time column, but no freshness rule"
                                   : "not scored: the data has no time column"};
  }
  return {static_cast<double>(held) / static_cast<double>(rules),
          "freshness rules that hold / freshness rules = " + std::to_string(held) + " / " +
              std::to_string(rules)};
}

}  // namespace

std::string_view DimensionName(Dimension dimension) {
  switch (dimension) {
    case Dimension::kCompleteness:
      return "completeness";
    case Dimension::kValidity:
      return "validity";
    case Dimension::kConsistency:
      return "consistency";
    case Dimension::kTimeliness:
      return "timeliness";
  }
  return "";
}

Dimension DimensionOf(CheckKind kind) {
  switch (kind) {
    case CheckKind::kNotNull:
    case CheckKind::kRowCount:
      return Dimension::kCompleteness;
    case CheckKind::kBetween:
    case CheckKind::kInSet:
    case CheckKind::kType:
    case CheckKind::kRegex:
      return Dimension::kValidity;
    case CheckKind::kUnique:
    case CheckKind::kExpression:
      return Dimension::kConsistency;
    case CheckKind::kFreshness:
      return Dimension::kTimeliness;
  }
  return Dimension::kValidity;
}

QualityScores ScoreQuality(int64_t cells, int64_t missing, bool has_time,
                           std::span<const CheckCounts> checks) {
  QualityScores out;
  if (cells == 0) {
    out.completeness = {std::nullopt, "not scored: the table has no cells"};
  } else {
    out.completeness = {1 - static_cast<double>(missing) / static_cast<double>(cells),
                        "1 - missing cells / cells = 1 - " + std::to_string(missing) + " / " +
                            std::to_string(cells)};
  }
  out.validity = PassRate(Dimension::kValidity, checks, "between, in_set, type, regex", "values");
  out.consistency = PassRate(Dimension::kConsistency, checks, "unique, expression", "rows");
  out.timeliness = Timeliness(has_time, checks);
  return out;
}

std::string Percent(double share) {
  const double percent = share * 100;
  // Two significant digits for small and for nearly whole shares, so that 99.97 % is not 100 %.
  const double edge = std::min(std::fabs(percent), std::fabs(100 - percent));
  const int digits = edge == 0 ? 0 : edge < 0.1 ? 2 : edge < 10 ? 1 : 0;
  char text[64];
  std::snprintf(text, sizeof text, "%.*f", digits, percent);
  std::string out(text);
  if (out.find('.') != std::string::npos) {
    while (out.back() == '0') out.pop_back();
    if (out.back() == '.') out.pop_back();
  }
  return out + " %";
}

}  // namespace quern::data
