// Against SciPy and NumPy: tests/parity/stats_reference.py wrote the expected values.
#include <doctest/doctest.h>

#include <boost/json.hpp>
#include <cmath>
#include <string>
#include <vector>

#include "base/fs.h"
#include "base/json.h"
#include "stats/correct.h"
#include "stats/distribution.h"
#include "stats/drift.h"
#include "stats/interval.h"
#include "stats/paired.h"
#include "stats/summary.h"
#include "stats/van_der_corput.h"

namespace quern::stats {
namespace {

using Numbers = std::vector<double>;

const json::object& Reference() {
  static const json::value document = [] {
    const auto text = RealFs().Read(QUERN_SOURCE_DIR "/tests/parity/data/stats.json");
    REQUIRE(text.has_value());
    auto parsed = ParseJson(*text, {.name = "stats.json", .allow_nan = true});
    REQUIRE(parsed.has_value());
    return *parsed;
  }();
  return document.as_object();
}

double Number(const json::value& value) {
  return value.is_null() ? std::nan("") : value.to_number<double>();
}

Numbers List(const json::value& value) {
  Numbers list;
  for (const json::value& item : value.as_array()) list.push_back(Number(item));
  return list;
}

// The rule of the script: shift + vdc^power, rounded down to multiples of step.
Numbers Sample(const json::value& value) {
  if (value.is_array()) return List(value);
  const json::object& rule = value.as_object();
  const auto get = [&](const char* key, double fallback) {
    const json::value* found = rule.if_contains(key);
    return found == nullptr ? fallback : Number(*found);
  };
  Numbers out;
  const double step = get("step", 0);
  for (uint64_t i = 1; i <= static_cast<uint64_t>(get("n", 0)); ++i) {
    double x = VanDerCorput(i, static_cast<uint64_t>(get("base", 2)));
    x = get("shift", 0) + std::pow(x, get("power", 1));
    out.push_back(step > 0 ? std::floor(x / step) * step : x);
  }
  return out;
}

void CheckNear(double got, double expected, double relative = 1e-9, double absolute = 1e-13) {
  if (std::isnan(expected)) {
    CHECK(std::isnan(got));
    return;
  }
  INFO("got ", got, ", expected ", expected);
  CHECK(std::abs(got - expected) <= absolute + relative * std::abs(expected));
}

void CheckNear(const Numbers& got, const Numbers& expected) {
  REQUIRE(got.size() == expected.size());
  for (size_t i = 0; i < got.size(); ++i) CheckNear(got[i], expected[i]);
}

void CheckTest(const TestResult& got, const json::value& expected, double relative = 1e-9) {
  const Numbers pair = List(expected);
  CheckNear(got.statistic, pair[0], relative);
  CheckNear(got.p_value, pair[1], relative);
}

void CheckNumericCase(const json::object& item) {
  const Numbers r = Sample(item.at("r"));
  const Numbers c = Sample(item.at("c"));
  const json::object& expected = item.at("expected").as_object();
  INFO("case ", std::string(item.at("name").as_string()));
  // The exact law is a long product of ratios; its rounding grows with the sample.
  CheckTest(KsTwoSample(r, c), expected.at("ks"), 1e-8);
  CheckTest(CramerVonMises(r, c), expected.at("cvm"), 1e-8);
  CheckNear(Wasserstein(r, c), Number(expected.at("wasserstein")));
  CheckNear(EnergyDistance(r, c), Number(expected.at("energy")));
  if (expected.contains("ad")) CheckTest(AndersonDarling(r, c), expected.at("ad"), 1e-8);
  CheckTest(MannWhitney(r, c), expected.at("mw_two-sided"));
  CheckTest(MannWhitney(r, c, Alternative::kLess), expected.at("mw_less"));
  CheckTest(MannWhitney(r, c, Alternative::kGreater), expected.at("mw_greater"));
  CheckNear(SturgesEdges(r), List(expected.at("edges_sturges")));
  CheckNear(DoaneEdges(r), List(expected.at("edges_doane")));
  const auto counts = Histogram(c, SturgesEdges(r));
  CheckNear(Numbers(counts.begin(), counts.end()), List(expected.at("counts_sturges")));
  Numbers quantiles;
  for (double q : {0.0, 0.05, 0.1, 0.25, 0.5, 0.77, 0.95, 1.0}) quantiles.push_back(Quantile(r, q));
  CheckNear(quantiles, List(expected.at("quantiles")));
  CheckNear(Mean(r), Number(expected.at("mean")));
  CheckNear(Variance(r), Number(expected.at("variance")));
  CheckNear(Skewness(r), Number(expected.at("skew")), 1e-9, 1e-9);
  CheckNear(Mad(r), Number(expected.at("mad")));
}

TEST_CASE("numeric samples agree with SciPy and NumPy") {
  for (const json::value& item : Reference().at("samples").as_array()) {
    CheckNumericCase(item.as_object());
  }
  for (const json::value& item : Reference().at("rules").as_array()) {
    CheckNumericCase(item.as_object());
  }
}

TEST_CASE("category counts agree with SciPy") {
  for (const json::value& item : Reference().at("counts").as_array()) {
    const Numbers r = List(item.at("r"));
    const Numbers c = List(item.at("c"));
    const json::object& expected = item.at("expected").as_object();
    INFO("case ", std::string(item.at("name").as_string()));
    CheckTest(ChiSquareContingency(r, c), expected.at("chi2"));
    if (expected.contains("gof")) CheckTest(ChiSquareGoodnessOfFit(r, c), expected.at("gof"));
    CheckNear(Psi(r, c), Number(expected.at("psi")));
    CheckNear(KlDivergence(r, c), Number(expected.at("kl")));
    CheckNear(JensenShannon(r, c), Number(expected.at("js")), 1e-9, 1e-8);
    CheckNear(JensenShannon(r, c, true), Number(expected.at("js2")), 1e-9, 1e-8);
    CheckNear(TotalVariation(r, c), Number(expected.at("tv")));
    CheckNear(LInfinity(r, c), Number(expected.at("linf")));
    CheckNear(Hellinger(r, c), Number(expected.at("hellinger")), 1e-9, 1e-7);
    if (!expected.contains("fisher")) continue;
    const auto cell = [](double count) { return static_cast<uint64_t>(count); };
    CheckTest(FisherExact(cell(r[0]), cell(r[1]), cell(c[0]), cell(c[1])), expected.at("fisher"));
  }
}

TEST_CASE("the Kolmogorov law agrees with scipy.stats.kstwo in every regime") {
  for (const json::value& item : Reference().at("kolmogorov").as_array()) {
    const Numbers row = List(item);
    INFO("d ", row[0], ", n ", row[1]);
    CheckNear(KolmogorovSf(row[0], row[1]), row[2], 1e-9, 1e-12);
  }
}

TEST_CASE("corrections, Wilson and the resampled t test agree with SciPy") {
  for (const json::value& item : Reference().at("correct").as_array()) {
    const Numbers p = List(item.at("p"));
    CheckNear(BenjaminiHochberg(p), List(item.at("bh")));
    CheckNear(Bonferroni(p), List(item.at("bonferroni")));
    CheckNear(Holm(p), List(item.at("holm")));
  }
  for (const json::value& item : Reference().at("wilson").as_array()) {
    const Numbers row = List(item);
    const Interval got =
        Wilson(static_cast<uint64_t>(row[0]), static_cast<uint64_t>(row[1]), row[2]);
    CheckNear(got.low, row[3], 1e-9, 1e-12);
    CheckNear(got.high, row[4], 1e-9, 1e-12);
  }
  const json::object& t = Reference().at("nadeau_bengio").as_object();
  const Numbers differences = List(t.at("differences"));
  const double ratio = Number(t.at("ratio"));
  const auto two_sided = CorrectedResampledT(differences, ratio);
  REQUIRE(two_sided.has_value());
  CheckNear(two_sided->difference, Number(t.at("mean")));
  CheckNear(two_sided->low, Number(t.at("low")));
  CheckNear(two_sided->p_value, Number(t.at("p")));
  const auto superior = CorrectedResampledT(differences, ratio, {Claim::kSuperior, 0.01});
  CheckNear(superior->p_value, Number(t.at("p_superior_001")));
}

TEST_CASE("DeLong agrees with its definition over all pairs") {
  for (const json::value& item : Reference().at("delong").as_array()) {
    const Numbers a = List(item.at("a"));
    const Numbers b = List(item.at("b"));
    std::vector<uint8_t> y;
    for (double label : List(item.at("y"))) y.push_back(label > 0 ? 1 : 0);
    const auto single = DeLong(b, y);
    REQUIRE(single.has_value());
    CheckNear(single->auc, List(item.at("aucs"))[1]);
    CheckNear(single->variance, List(item.at("variances"))[1]);
    const auto paired = DeLongPaired(a, b, y);
    REQUIRE(paired.has_value());
    CheckNear(paired->difference, Number(item.at("difference")));
    CheckNear(paired->low, Number(item.at("low")));
    CheckNear(paired->p_value, Number(item.at("p_two_sided")));
    CheckNear(DeLongPaired(a, b, y, {Claim::kNonInferior, 0.05})->p_value,
              Number(item.at("p_non_inferior")));
    CheckNear(DeLongPaired(a, b, y, {Claim::kSuperior, 0.01})->p_value,
              Number(item.at("p_superior")));
  }
}

TEST_CASE("McNemar's exact p-value agrees with the binomial test") {
  for (const json::value& item : Reference().at("mcnemar_exact").as_array()) {
    const Numbers row = List(item);
    std::vector<uint8_t> a;
    std::vector<uint8_t> b;
    for (int i = 0; i < static_cast<int>(row[0]); ++i) a.push_back(1), b.push_back(0);
    for (int i = 0; i < static_cast<int>(row[1]); ++i) a.push_back(0), b.push_back(1);
    for (int i = 0; i < 20; ++i) a.push_back(1), b.push_back(1);
    CheckNear(McNemar(a, b)->p_value, row[2]);
  }
}

TEST_CASE("bootstrap limits agree with scipy.stats.bootstrap within resampling noise") {
  const json::object& item = Reference().at("bootstrap").as_object();
  const Numbers x = List(item.at("x"));
  const RowStatistic mean = [&](std::span<const uint32_t> rows) {
    double sum = 0;
    for (uint32_t row : rows) sum += x[row];
    return sum / static_cast<double>(rows.size());
  };
  for (const auto& [method, key] : {std::pair{BootstrapMethod::kPercentile, "percentile"},
                                    std::pair{BootstrapMethod::kBca, "bca"}}) {
    BootstrapOptions options;
    options.method = method;
    const Interval got = Bootstrap(x.size(), 20000, Rng(3), mean, options);
    const Numbers expected = List(item.at(key));
    CheckNear(got.low, expected[0], 0, 0.01);
    CheckNear(got.high, expected[1], 0, 0.01);
  }
}

}  // namespace
}  // namespace quern::stats
