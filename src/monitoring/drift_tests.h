#pragma once
// The table of drift tests by name: one place for names, thresholds and what computes them.
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "monitoring/drift.h"
#include "stats/drift.h"

namespace quern::monitoring {

/// Both sides of one column without missing values. Numbers: `r`, `c` and shared bins' counts;
/// categories: counts only.
struct Sides {
  std::vector<double> r;
  std::vector<double> c;
  std::vector<double> counts_r;
  std::vector<double> counts_c;
};

struct DriftTest {
  std::string_view name;
  bool has_p_value;  // a test at a level; else a distance with a threshold
  bool for_numbers;  // may be chosen for number columns
  bool for_categories;
  double threshold;  // distances; tests take DriftOptions::alpha
  stats::TestResult (*compute)(const Sides& sides);
};

/// Every test, choosable or made by "auto" alone.
std::span<const DriftTest> AllDriftTests();
/// The test of that name ("js" = jensenshannon), or null.
const DriftTest* FindDriftTest(std::string_view name);
/// Computes it and gives its own verdict at its threshold.
TestScore RunDriftTest(const DriftTest& test, const Sides& sides, const DriftOptions& options);

/// The order in which a column's tests are made and shown, and which of them carry the verdict.
struct TestPlan {
  std::vector<std::string_view> names;  // the deciding one first
  std::string_view significance;
  std::string_view effect;
};
/// `discrete`: a category, or a number of at most five distinct values.
TestPlan PlanTests(ColumnKind kind, bool discrete, const Sides& sides, const DriftOptions& options);

/// z, or Fisher's exact test when a cell of [[x_r, n_r - x_r], [x_c, n_c - x_c]] expects fewer than
/// five.
double TwoShareP(double x_r, double n_r, double x_c, double n_c);

}  // namespace quern::monitoring
