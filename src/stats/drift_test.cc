#include "stats/drift.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "stats/summary.h"
#include "stats/van_der_corput.h"

namespace quern::stats {
namespace {

// Published example without random numbers: exponential samples from van der Corput points, with
// the answers of Evidently 0.7.21 and SciPy 1.17 for them.
struct Example {
  std::vector<double> r;
  std::vector<double> c;
  Example() {
    for (int i = 1; i <= 500; ++i) r.push_back(-std::log(1 - VanDerCorput(i, 2)));
    for (int i = 1; i <= 400; ++i) c.push_back(0.1 - 1.25 * std::log(1 - VanDerCorput(i, 3)));
  }
};

TEST_CASE("numeric example agrees with Evidently and SciPy") {
  const Example example;
  const auto& [r, c] = example;
  CHECK(Mean(r) == doctest::Approx(.9825243548524518).epsilon(1e-12));
  CHECK(StandardDeviation(r) == doctest::Approx(.9521514831229738).epsilon(1e-12));
  CHECK(Skewness(r) == doctest::Approx(1.6596358966).epsilon(1e-9));
  const SharedBins bins = CutShared(r, c);
  CHECK(bins.edges.size() == 12);
  CHECK(Psi(bins.reference, bins.current) == doctest::Approx(0.1061215054).epsilon(1e-8));
  CHECK(KlDivergence(bins.reference, bins.current) == doctest::Approx(0.04525150132).epsilon(1e-8));
  CHECK(JensenShannon(bins.reference, bins.current) == doctest::Approx(0.1114248167).epsilon(1e-8));
  CHECK(WassersteinNormed(r, c) == doctest::Approx(0.3518185267).epsilon(1e-8));
  const TestResult ks = KsTwoSample(r, c);
  CHECK(ks.statistic == doctest::Approx(.126).epsilon(1e-12));
  CHECK(ks.p_value == doctest::Approx(0.001570531123).epsilon(1e-8));
  const TestResult cvm = CramerVonMises(r, c);
  CHECK(cvm.statistic == doctest::Approx(2.2975120370).epsilon(1e-9));
  CHECK(cvm.p_value == doctest::Approx(2.74066799e-06).epsilon(1e-6));
  CHECK(AndersonDarling(r, c).p_value == doctest::Approx(0.001));
  CHECK(HellingerNumeric(r, c) == doctest::Approx(0.1166591451).epsilon(1e-8));
  CHECK(EnergyDistance(r, c) == doctest::Approx(0.2382726391).epsilon(1e-8));
  CHECK(MannWhitney(r, c, Alternative::kLess).p_value ==
        doctest::Approx(2.497102552e-07).epsilon(1e-7));
  CHECK(DoaneEdges(r).size() - 1 == 14);
}

TEST_CASE("categorical examples agree with Evidently and SciPy") {
  const std::vector<double> r = {120, 60, 15, 5, 0};
  const std::vector<double> c = {100, 70, 20, 0, 10};
  CHECK(Psi(r, c) == doctest::Approx(0.4807250624).epsilon(1e-9));
  CHECK(ChiSquareGoodnessOfFit(r, c).p_value == 0);
  CHECK(JensenShannon(r, c, true) == doctest::Approx(0.2084814137).epsilon(1e-9));
  CHECK(LInfinity(r, c) == doctest::Approx(0.1));
  CHECK(ChiSquareContingency(r, c).statistic == doctest::Approx(18.3016983).epsilon(1e-8));
  CHECK(ChiSquareContingency(r, c).p_value == doctest::Approx(.00107730601).epsilon(1e-8));

  const std::vector<double> r2 = {60, 40};
  const std::vector<double> c2 = {50, 50};
  CHECK(TwoProportionZ(60, 100, 50, 100).p_value == doctest::Approx(.1552184897).epsilon(1e-9));
  CHECK(FisherExact(60, 40, 50, 50).p_value == doctest::Approx(.2007076001).epsilon(1e-9));
  CHECK(ChiSquareGoodnessOfFit(r2, c2).p_value == doctest::Approx(.04122683334).epsilon(1e-9));
  CHECK(ChiSquareContingency(r2, c2).statistic == doctest::Approx(1.6363636364).epsilon(1e-9));
  CHECK(ChiSquareContingency(r2, c2).p_value == doctest::Approx(.2008251227).epsilon(1e-9));
}

TEST_CASE("what does not exist is NaN, what cannot differ does not") {
  const std::vector<double> none;
  const std::vector<double> one = {1};
  const std::vector<double> same = {2, 2, 2};
  CHECK(std::isnan(KsTwoSample(none, one).p_value));
  CHECK(std::isnan(Wasserstein(one, none)));
  CHECK(std::isnan(Psi(std::vector<double>{0, 0}, std::vector<double>{1, 2})));
  CHECK(std::isnan(ChiSquareContingency(std::vector<double>{0}, one).p_value));
  CHECK(KsTwoSample(same, same).p_value == 1);
  CHECK(MannWhitney(same, same).p_value == 1);
  CHECK(WassersteinNormed(same, same) == 0);
  CHECK(ChiSquareContingency(std::vector<double>{3}, std::vector<double>{9}).p_value == 1);
  CHECK(TwoProportionZ(0, 10, 0, 20).p_value == 1);
  CHECK(TwoProportionZ(10, 10, 20, 20).p_value == 1);
}

TEST_CASE("few distinct values are cut by value, many by Sturges") {
  const std::vector<double> r = {1, 1, 2, 3};
  const std::vector<double> c = {2, 4};
  const SharedBins bins = CutShared(r, c);
  CHECK(bins.edges.empty());
  CHECK(bins.values == std::vector<double>{1, 2, 3, 4});
  CHECK(bins.reference == std::vector<double>{2, 1, 1, 0});
  CHECK(bins.current == std::vector<double>{0, 1, 0, 1});
}

TEST_CASE("Newcombe's interval of a difference of shares (his example 56/70 - 48/80)") {
  const ShareDifference d = DifferenceOfShares(48, 80, 56, 70);
  CHECK(d.difference == doctest::Approx(0.2));
  CHECK(d.low == doctest::Approx(0.0524).epsilon(1e-3));
  CHECK(d.high == doctest::Approx(0.3339).epsilon(1e-3));
}

}  // namespace
}  // namespace quern::stats
