#pragma once
// Two-sample tests and distances, r = reference and c = current, defined exactly as the tools that
// users compare with (SciPy 1.17, Evidently 0.7, NannyML). Numeric samples hold finite values only,
// in any order; category counts are aligned lists over the union of categories, in any order. An
// empty side (or a side that counts nothing) gives NaN.
#include <cstdint>
#include <span>
#include <vector>

namespace quern::stats {

struct TestResult {
  double statistic = 0;
  double p_value = 1;
};

enum class Alternative { kTwoSided, kLess, kGreater };

// Numeric samples.

/// scipy.stats.ks_2samp, two-sided, method='auto': exact law of D when max(n) <= 10 000, else
/// KolmogorovSf(D, round(n_r n_c / (n_r + n_c))).
TestResult KsTwoSample(std::span<const double> r, std::span<const double> c);
/// scipy.stats.cramervonmises_2samp, method='auto': exact when max(n) <= 20, else asymptotic.
TestResult CramerVonMises(std::span<const double> r, std::span<const double> c);
/// scipy.stats.anderson_ksamp of two samples, midrank version; p interpolated within [0.001, 0.25].
TestResult AndersonDarling(std::span<const double> r, std::span<const double> c);
/// scipy.stats.mannwhitneyu(r, c), method='auto': exact when min(n) <= 8 without ties, else normal
/// with tie and continuity corrections. `statistic` is U of r.
TestResult MannWhitney(std::span<const double> r, std::span<const double> c,
                       Alternative alternative = Alternative::kTwoSided);
/// W1 = integral of |F_r - F_c|, in the units of the values.
double Wasserstein(std::span<const double> r, std::span<const double> c);
/// evidently:wasserstein = W1 / max(population sd of r, 0.001).
double WassersteinNormed(std::span<const double> r, std::span<const double> c);
/// scipy.stats.energy_distance.
double EnergyDistance(std::span<const double> r, std::span<const double> c);
/// evidently:hellinger of numbers: density histograms over Sturges edges of the distinct values.
double HellingerNumeric(std::span<const double> r, std::span<const double> c);

/// Both samples cut alike, as Evidently cuts for psi, kl_div and jensenshannon: Sturges edges of r
/// and c together when r has more than 20 distinct values, else one bucket for each distinct value
/// of r and c.
struct SharedBins {
  std::vector<double> edges;      // k+1, or empty when `values` is used
  std::vector<double> values;     // k distinct values ascending, or empty
  std::vector<double> reference;  // k counts
  std::vector<double> current;    // k counts
};
SharedBins CutShared(std::span<const double> r, std::span<const double> c);

// Category (or bin) counts.

/// Two-sample chi-square on the 2 x k table, Yates' correction when k == 2 (scipy
/// chi2_contingency); categories empty on both sides are left out. One category: statistic 0, p
/// = 1.
TestResult ChiSquareContingency(std::span<const double> r, std::span<const double> c,
                                bool yates = true);
/// evidently:chisquare, which takes r for a noise-free law: a category new in c gives infinity, p =
/// 0.
TestResult ChiSquareGoodnessOfFit(std::span<const double> r, std::span<const double> c);
/// Pooled two-proportion z test of x_r/n_r against x_c/n_c; both 0 or both 1 give z = 0, p = 1.
TestResult TwoProportionZ(double x_r, double n_r, double x_c, double n_c);
/// Fisher's exact test of [[a, b], [c, d]], two-sided as SciPy sums it; `statistic` is the odds
/// ratio.
TestResult FisherExact(uint64_t a, uint64_t b, uint64_t c, uint64_t d);

/// counts / sum; all NaN when the sum is 0.
std::vector<double> Shares(std::span<const double> counts);
/// evidently:psi: sum (p - q) ln(p / q) of shares with zeros filled by 1e-4 (or min/1e6).
double Psi(std::span<const double> r, std::span<const double> c);
/// evidently:kl_div: sum p ln(p / q), zeros filled, then renormalised.
double KlDivergence(std::span<const double> r, std::span<const double> c);
/// Square root of the Jensen–Shannon divergence in nats (evidently) or bits (base 2: NannyML).
double JensenShannon(std::span<const double> r, std::span<const double> c, bool base2 = false);
/// evidently:hellinger of categories: sqrt(1 - sum sqrt(p q)).
double Hellinger(std::span<const double> r, std::span<const double> c);
/// max |p - q|.
double LInfinity(std::span<const double> r, std::span<const double> c);
/// sum |p - q| / 2.
double TotalVariation(std::span<const double> r, std::span<const double> c);

/// Newcombe's interval (1998, method 10) of the difference x_c/n_c - x_r/n_r of two shares.
struct ShareDifference {
  double difference = 0;
  double low = 0;
  double high = 0;
};
ShareDifference DifferenceOfShares(double x_r, double n_r, double x_c, double n_c,
                                   double level = 0.95);

}  // namespace quern::stats
