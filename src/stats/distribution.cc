#include "stats/distribution.h"

#include <algorithm>
#include <boost/math/distributions/beta.hpp>
#include <boost/math/distributions/binomial.hpp>
#include <boost/math/distributions/chi_squared.hpp>
#include <boost/math/distributions/fisher_f.hpp>
#include <boost/math/distributions/normal.hpp>
#include <boost/math/distributions/students_t.hpp>
#include <boost/math/special_functions/bessel.hpp>
#include <cmath>
#include <limits>
#include <numbers>

#include "base/nan.h"
#include "stats/log_gamma.h"

namespace quern::stats {
namespace {

namespace bm = boost::math;
constexpr double kInf = std::numeric_limits<double>::infinity();

// Every math error becomes a value (NaN, infinity or 0) instead of an exception.
using Quiet =
    bm::policies::policy<bm::policies::domain_error<bm::policies::ignore_error>,
                         bm::policies::pole_error<bm::policies::ignore_error>,
                         bm::policies::overflow_error<bm::policies::ignore_error>,
                         bm::policies::underflow_error<bm::policies::ignore_error>,
                         bm::policies::denorm_error<bm::policies::ignore_error>,
                         bm::policies::evaluation_error<bm::policies::ignore_error>,
                         bm::policies::rounding_error<bm::policies::ignore_error>,
                         bm::policies::indeterminate_result_error<bm::policies::ignore_error>>;

using NormalLaw = bm::normal_distribution<double, Quiet>;
using StudentLaw = bm::students_t_distribution<double, Quiet>;
using ChiSquareLaw = bm::chi_squared_distribution<double, Quiet>;
using FisherLaw = bm::fisher_f_distribution<double, Quiet>;
using BinomialLaw = bm::binomial_distribution<double, Quiet>;
using BetaLaw = bm::beta_distribution<double, Quiet>;

}  // namespace

double NormalCdf(double z) { return 0.5 * std::erfc(-z / std::numbers::sqrt2); }
double NormalSf(double z) { return 0.5 * std::erfc(z / std::numbers::sqrt2); }

double NormalQuantile(double p) {
  if (!(p >= 0 && p <= 1)) return kNan;
  if (p == 0) return -kInf;
  if (p == 1) return kInf;
  return bm::quantile(NormalLaw(0, 1), p);
}

double StudentTCdf(double t, double df) {
  if (std::isnan(t) || !(df > 0)) return kNan;
  if (std::isinf(t)) return t > 0 ? 1 : 0;
  return bm::cdf(StudentLaw(df), t);
}

double StudentTQuantile(double p, double df) {
  if (!(p >= 0 && p <= 1) || !(df > 0)) return kNan;
  if (p == 0) return -kInf;
  if (p == 1) return kInf;
  return bm::quantile(StudentLaw(df), p);
}

double ChiSquareSf(double x, double df) {
  if (std::isnan(x) || !(df > 0)) return kNan;
  if (x <= 0) return 1;
  if (std::isinf(x)) return 0;
  return bm::cdf(bm::complement(ChiSquareLaw(df), x));
}

double FisherFSf(double x, double df1, double df2) {
  if (std::isnan(x) || !(df1 > 0) || !(df2 > 0)) return kNan;
  if (x <= 0) return 1;
  if (std::isinf(x)) return 0;
  return bm::cdf(bm::complement(FisherLaw(df1, df2), x));
}

double BinomialCdf(double k, double n, double p) {
  if (std::isnan(k) || !(n >= 0) || !(p >= 0 && p <= 1)) return kNan;
  if (k < 0) return 0;
  if (k >= n) return 1;
  return bm::cdf(BinomialLaw(n, p), std::floor(k));
}

double BetaCdf(double x, double a, double b) {
  if (std::isnan(x) || !(a > 0) || !(b > 0)) return kNan;
  if (x <= 0) return 0;
  if (x >= 1) return 1;
  return bm::cdf(BetaLaw(a, b), x);
}

double BetaQuantile(double p, double a, double b) {
  if (!(p >= 0 && p <= 1) || !(a > 0) || !(b > 0)) return kNan;
  return bm::quantile(BetaLaw(a, b), p);
}

double CramerVonMisesSf(double x) {
  if (std::isnan(x)) return kNan;
  // The law has no mass worth a double below this; the series would not converge there.
  if (x < 0.003) return 1;
  double total = 0;
  double term = 1;
  // SciPy stops at 1e-7 as well, which is what keeps small p-values equal.
  for (int k = 0; std::abs(term) >= 1e-7 && k < 1000; ++k) {
    const double u = std::exp(LogGamma(k + 0.5) - LogGamma(k + 1.0)) /
                     (std::pow(std::numbers::pi, 1.5) * std::sqrt(x));
    const double y = 4.0 * k + 1;
    const double q = y * y / (16 * x);
    // Beyond this exp(-q) K(q) is zero in doubles.
    const double bessel = q > 350 ? 0.0 : bm::cyl_bessel_k(0.25, q, Quiet());
    term = u * std::sqrt(y) * std::exp(-q) * bessel;
    total += term;
  }
  return std::min(1.0, std::max(0.0, 1 - total));
}

}  // namespace quern::stats
