#include "stats/interval.h"

#include <doctest/doctest.h>

#include <cmath>
#include <vector>

#include "stats/correct.h"
#include "stats/paired.h"

namespace quern::stats {
namespace {

TEST_CASE("a bootstrap is a function of its seed, and strata keep their sizes") {
  const std::vector<uint32_t> strata = {0, 0, 0, 0, 0, 0, 0, 0, 1, 1};
  const RowStatistic share = [&](std::span<const uint32_t> rows) {
    double ones = 0;
    for (uint32_t row : rows) ones += strata[row];
    return ones / static_cast<double>(rows.size());
  };
  BootstrapOptions options;
  options.strata = strata;
  const Interval fixed = Bootstrap(strata.size(), 200, Rng(1), share, options);
  CHECK(fixed.low == doctest::Approx(0.2));
  CHECK(fixed.high == doctest::Approx(0.2));
  const Interval free = Bootstrap(strata.size(), 200, Rng(1), share);
  const Interval again = Bootstrap(strata.size(), 200, Rng(1), share);
  const Interval other = Bootstrap(strata.size(), 200, Rng(2), share);
  CHECK(free.low < 0.2);
  CHECK(free.high > 0.2);
  CHECK(free.low == again.low);
  CHECK(free.high == again.high);
  CHECK(BootstrapValues(10, 50, Rng(1), share) != BootstrapValues(10, 50, Rng(2), share));
  CHECK(other.value == free.value);
}

TEST_CASE("resamples without the statistic are left out, too many of them leave no interval") {
  const std::vector<double> x = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10};
  const RowStatistic needs_first = [&](std::span<const uint32_t> rows) {
    double sum = 0;
    bool first = false;
    for (uint32_t row : rows) sum += x[row], first = first || row == 0;
    return first ? sum / static_cast<double>(rows.size()) : std::nan("");
  };
  const Interval some = Bootstrap(10, 300, Rng(5), needs_first);
  CHECK(some.value == doctest::Approx(5.5));
  CHECK(std::isfinite(some.low));
  int calls = 0;
  const RowStatistic only_whole = [&](std::span<const uint32_t>) {
    return ++calls == 1 ? 1.0 : std::nan("");
  };
  const Interval none = Bootstrap(10, 300, Rng(5), only_whole);
  CHECK(none.value == 1);
  CHECK(std::isnan(none.low));
  CHECK(std::isnan(none.high));
}

TEST_CASE("BCa of a statistic that does not vary falls back to percentiles") {
  BootstrapOptions options;
  options.method = BootstrapMethod::kBca;
  const Interval flat =
      Bootstrap(20, 100, Rng(1), [](std::span<const uint32_t>) { return 0.5; }, options);
  CHECK(flat.low == 0.5);
  CHECK(flat.high == 0.5);
}

TEST_CASE("a nominal 95 % interval of a mean covers about 95 %") {
  Rng rng(11);
  int covered = 0;
  const int trials = 300;
  for (int t = 0; t < trials; ++t) {
    std::vector<double> x(60);
    for (double& v : x) v = rng.Normal();
    const Interval interval = Bootstrap(x.size(), 300, rng.Fork(static_cast<uint64_t>(t)),
                                        [&](std::span<const uint32_t> rows) {
                                          double sum = 0;
                                          for (uint32_t row : rows) sum += x[row];
                                          return sum / static_cast<double>(rows.size());
                                        });
    covered += interval.low <= 0 && interval.high >= 0;
  }
  CHECK(covered > trials * 0.90);
  CHECK(covered < trials * 0.99);
}

TEST_CASE("margins: the p-value and the interval's limit tell the same") {
  const PairedResult r = NormalMarginTest(0.01, 0.01, {Claim::kNonInferior, 0.02});
  CHECK(r.low > -0.02);
  CHECK(r.p_value < 0.025);
  const PairedResult s = NormalMarginTest(0.01, 0.01, {Claim::kSuperior, 0});
  CHECK(s.low < 0);
  CHECK(s.p_value > 0.025);
  CHECK(NormalMarginTest(0, 0, {}).p_value == 1);
  CHECK(NormalMarginTest(0, 0, {Claim::kNonInferior, 0.01}).p_value == 0);
  CHECK(NormalMarginTest(0, 0, {Claim::kSuperior, 0}).p_value == 1);
}

TEST_CASE("paired bootstrap sees a constant gain at once, and no gain not") {
  std::vector<double> a;
  std::vector<double> b;
  Rng rng(4);
  for (int i = 0; i < 100; ++i) {
    b.push_back(rng.Normal());
    a.push_back(b.back() + 0.3);
  }
  const auto mean_of = [](const std::vector<double>& x) {
    return [&x](std::span<const uint32_t> rows) {
      double sum = 0;
      for (uint32_t row : rows) sum += x[row];
      return sum / static_cast<double>(rows.size());
    };
  };
  const auto gain =
      PairedBootstrap(100, 500, Rng(1), mean_of(a), mean_of(b), {Claim::kSuperior, 0.1});
  REQUIRE(gain.has_value());
  CHECK(gain->difference == doctest::Approx(0.3));
  CHECK(gain->p_value < 0.01);
  const auto same = PairedBootstrap(100, 500, Rng(1), mean_of(b), mean_of(b));
  CHECK(same->p_value == 1);
  CHECK(same->difference == 0);
  const auto nothing = PairedBootstrap(0, 500, Rng(1), mean_of(b), mean_of(b));
  CHECK(!nothing.has_value());
}

TEST_CASE("bad input of paired tests is an error that names it") {
  const std::vector<uint8_t> ones = {1, 1, 1};
  const std::vector<double> scores = {0.1, 0.2, 0.3};
  CHECK(DeLong(scores, ones).error().code == Code::kInvalidArgument);
  CHECK(DeLong(scores, std::vector<uint8_t>{1, 0}).error().code == Code::kInvalidArgument);
  CHECK(!McNemar(ones, std::vector<uint8_t>{1}).has_value());
  CHECK(!CorrectedResampledT(std::vector<double>{0.1}, 0.25).has_value());
  const std::vector<double> four = {0.1, 0.2, 0.3, 0.2};
  const std::vector<uint8_t> both = {0, 1, 0, 1};
  CHECK(DeLongPaired(four, four, both)->p_value == 1);
}

TEST_CASE("NaN p-values are neither adjusted nor counted") {
  const std::vector<double> p = {0.01, std::nan(""), 0.04};
  const std::vector<double> bh = BenjaminiHochberg(p);
  CHECK(bh[0] == doctest::Approx(0.02));
  CHECK(std::isnan(bh[1]));
  CHECK(bh[2] == doctest::Approx(0.04));
  CHECK(Bonferroni(p)[0] == doctest::Approx(0.02));
  CHECK(Holm(p)[2] == doctest::Approx(0.04));
}

}  // namespace
}  // namespace quern::stats
