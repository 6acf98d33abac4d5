#include "monitoring/drift_tests.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>

#include "base/check.h"

namespace quern::monitoring {
namespace {

using stats::TestResult;

constexpr size_t kSmallReference = 1000;

TestResult Distance(double value) { return {value, kNoNumber}; }

double Sum(std::span<const double> values) {
  return std::accumulate(values.begin(), values.end(), 0.0);
}

// The first of two categories against the second.
TestResult TwoCategories(const Sides& s) {
  return stats::TwoProportionZ(s.counts_r[0], Sum(s.counts_r), s.counts_c[0], Sum(s.counts_c));
}

TestResult Fisher(const Sides& s) {
  const auto cell = [](double count) { return static_cast<uint64_t>(count); };
  return stats::FisherExact(cell(s.counts_r[0]), cell(s.counts_r[1]), cell(s.counts_c[0]),
                            cell(s.counts_c[1]));
}

TestResult HellingerOfEither(const Sides& s) {
  return Distance(s.r.empty() ? stats::Hellinger(s.counts_r, s.counts_c)
                              : stats::HellingerNumeric(s.r, s.c));
}

constexpr std::array<DriftTest, 16> kTests = {{
    {"ks", true, true, false, 0, [](const Sides& s) { return stats::KsTwoSample(s.r, s.c); }},
    {"cramer_von_mises", true, true, false, 0,
     [](const Sides& s) { return stats::CramerVonMises(s.r, s.c); }},
    {"anderson", true, true, false, 0,
     [](const Sides& s) { return stats::AndersonDarling(s.r, s.c); }},
    {"mannwhitney", true, true, false, 0,
     [](const Sides& s) { return stats::MannWhitney(s.r, s.c); }},
    {"wasserstein", false, true, false, 0.1,
     [](const Sides& s) { return Distance(stats::WassersteinNormed(s.r, s.c)); }},
    {"energy", false, true, false, 0.1,
     [](const Sides& s) { return Distance(stats::EnergyDistance(s.r, s.c)); }},
    {"psi", false, true, true, 0.1,
     [](const Sides& s) { return Distance(stats::Psi(s.counts_r, s.counts_c)); }},
    {"jensenshannon", false, true, true, 0.1,
     [](const Sides& s) { return Distance(stats::JensenShannon(s.counts_r, s.counts_c)); }},
    {"kl_div", false, true, true, 0.1,
     [](const Sides& s) { return Distance(stats::KlDivergence(s.counts_r, s.counts_c)); }},
    {"hellinger", false, true, true, 0.1, HellingerOfEither},
    {"total_variation", false, false, true, 0.1,
     [](const Sides& s) { return Distance(stats::TotalVariation(s.counts_r, s.counts_c)); }},
    {"l_infinity", false, false, true, 0.1,
     [](const Sides& s) { return Distance(stats::LInfinity(s.counts_r, s.counts_c)); }},
    {"chisquare", true, false, true, 0,
     [](const Sides& s) { return stats::ChiSquareContingency(s.counts_r, s.counts_c); }},
    {"chisquare_gof", true, false, true, 0,
     [](const Sides& s) { return stats::ChiSquareGoodnessOfFit(s.counts_r, s.counts_c); }},
    {"z", true, false, false, 0, TwoCategories},
    {"fisher", true, false, false, 0, Fisher},
}};

// Contingency test by the number of categories and the least expected count.
std::string_view CountsTest(const Sides& sides) {
  if (sides.counts_r.size() != 2) return "chisquare";
  const double n_r = Sum(sides.counts_r);
  const double n_c = Sum(sides.counts_c);
  const double rarer =
      std::min(sides.counts_r[0] + sides.counts_c[0], sides.counts_r[1] + sides.counts_c[1]);
  const double expected = n_r + n_c > 0 ? rarer * std::min(n_r, n_c) / (n_r + n_c) : 0;
  return expected < 5 ? "fisher" : "z";
}

}  // namespace

std::span<const DriftTest> AllDriftTests() { return kTests; }

const DriftTest* FindDriftTest(std::string_view name) {
  if (name == "js") name = "jensenshannon";
  const auto found = std::find_if(kTests.begin(), kTests.end(),
                                  [&](const DriftTest& test) { return test.name == name; });
  return found == kTests.end() ? nullptr : &*found;
}

TestScore RunDriftTest(const DriftTest& test, const Sides& sides, const DriftOptions& options) {
  TestScore score;
  score.name = std::string(test.name);
  score.threshold = test.has_p_value ? options.alpha : test.threshold;
  for (const auto& [name, threshold] : options.thresholds) {
    if (FindDriftTest(name) == &test) score.threshold = threshold;
  }
  const TestResult result = test.compute(sides);
  score.statistic = result.statistic;
  score.p_value = result.p_value;
  score.drifted =
      test.has_p_value ? result.p_value <= score.threshold : result.statistic >= score.threshold;
  return score;
}

TestPlan PlanTests(ColumnKind kind, bool discrete, const Sides& sides,
                   const DriftOptions& options) {
  const bool number = kind == ColumnKind::kNumber;
  TestPlan plan;
  plan.significance = discrete ? CountsTest(sides) : "ks";
  plan.effect = discrete ? "jensenshannon" : "wasserstein";
  const std::string& choice = number ? options.numeric : options.categorical;
  const double values = Sum(sides.counts_r);
  std::string_view deciding =
      values <= static_cast<double>(kSmallReference) ? plan.significance : plan.effect;
  if (choice != "auto") {
    const DriftTest* test = FindDriftTest(choice);
    QUERN_CHECK(test != nullptr, "options were checked");
    deciding = test->name;
    (test->has_p_value ? plan.significance : plan.effect) = test->name;
  }
  plan.names = {deciding, plan.significance, plan.effect, "psi", "jensenshannon"};
  if (number) plan.names.push_back("wasserstein");
  std::vector<std::string_view> distinct;
  for (std::string_view name : plan.names) {
    if (std::find(distinct.begin(), distinct.end(), name) == distinct.end())
      distinct.push_back(name);
  }
  plan.names = std::move(distinct);
  return plan;
}

double TwoShareP(double x_r, double n_r, double x_c, double n_c) {
  const Sides sides{{}, {}, {x_r, n_r - x_r}, {x_c, n_c - x_c}};
  const TestResult result = CountsTest(sides) == "fisher" ? Fisher(sides) : TwoCategories(sides);
  return result.p_value;
}

}  // namespace quern::monitoring
