// Tests and distances on counts of categories or bins.
#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "base/check.h"
#include "base/nan.h"
#include "stats/distribution.h"
#include "stats/drift.h"
#include "stats/interval.h"
#include "stats/log_gamma.h"

namespace quern::stats {
namespace {

double Sum(std::span<const double> values) {
  return std::accumulate(values.begin(), values.end(), 0.0);
}

// Both sides as shares; `ok` is false when one of them counts nothing.
struct Pair {
  std::vector<double> p;
  std::vector<double> q;
  bool ok = false;
};
Pair BothShares(std::span<const double> r, std::span<const double> c) {
  QUERN_CHECK(r.size() == c.size(), "counts of both sides are aligned");
  return {Shares(r), Shares(c), Sum(r) > 0 && Sum(c) > 0};
}

// Evidently's zero filling, each side by itself; the result is not renormalised.
void FillZeros(std::vector<double>& shares) {
  double least = 1;
  for (double share : shares) {
    if (share > 0) least = std::min(least, share);
  }
  const double fill = least <= 1e-4 ? least / 1e6 : 1e-4;
  for (double& share : shares) {
    if (share == 0) share = fill;
  }
}

double LogHypergeometric(double a, double row1, double row2, double col1) {
  const auto log_choose = [](double n, double k) {
    return LogGamma(n + 1) - LogGamma(k + 1) - LogGamma(n - k + 1);
  };
  return log_choose(row1, a) + log_choose(row2, col1 - a) - log_choose(row1 + row2, col1);
}

}  // namespace

std::vector<double> Shares(std::span<const double> counts) {
  const double total = Sum(counts);
  std::vector<double> shares(counts.begin(), counts.end());
  for (double& share : shares) share = total > 0 ? share / total : kNan;
  return shares;
}

TestResult ChiSquareContingency(std::span<const double> r, std::span<const double> c, bool yates) {
  QUERN_CHECK(r.size() == c.size(), "counts of both sides are aligned");
  const double n_r = Sum(r);
  const double n_c = Sum(c);
  if (!(n_r > 0) || !(n_c > 0)) return {kNan, kNan};
  size_t kept = 0;
  for (size_t i = 0; i < r.size(); ++i) kept += r[i] + c[i] > 0;
  if (kept < 2) return {0, 1};
  const bool correct = yates && kept == 2;
  double statistic = 0;
  const auto add = [&](double observed, double expected) {
    double gap = std::abs(observed - expected);
    if (correct) gap -= std::min(0.5, gap);
    statistic += gap * gap / expected;
  };
  for (size_t i = 0; i < r.size(); ++i) {
    const double both = r[i] + c[i];
    if (both <= 0) continue;
    add(r[i], both * n_r / (n_r + n_c));
    add(c[i], both * n_c / (n_r + n_c));
  }
  return {statistic, ChiSquareSf(statistic, static_cast<double>(kept - 1))};
}

TestResult ChiSquareGoodnessOfFit(std::span<const double> r, std::span<const double> c) {
  QUERN_CHECK(r.size() == c.size(), "counts of both sides are aligned");
  const double n_r = Sum(r);
  const double n_c = Sum(c);
  if (!(n_r > 0) || !(n_c > 0)) return {kNan, kNan};
  double statistic = 0;
  size_t kept = 0;
  for (size_t i = 0; i < r.size(); ++i) {
    if (r[i] + c[i] <= 0) continue;
    ++kept;
    const double expected = r[i] * n_c / n_r;
    if (expected == 0) return {std::numeric_limits<double>::infinity(), 0};
    statistic += (c[i] - expected) * (c[i] - expected) / expected;
  }
  if (kept < 2) return {0, 1};
  return {statistic, ChiSquareSf(statistic, static_cast<double>(kept - 1))};
}

TestResult TwoProportionZ(double x_r, double n_r, double x_c, double n_c) {
  if (!(n_r > 0) || !(n_c > 0)) return {kNan, kNan};
  const double pooled = (x_r + x_c) / (n_r + n_c);
  const double variance = pooled * (1 - pooled) * (1 / n_r + 1 / n_c);
  if (!(variance > 0)) return {0, 1};
  const double z = (x_r / n_r - x_c / n_c) / std::sqrt(variance);
  return {z, std::min(1.0, 2 * NormalSf(std::abs(z)))};
}

TestResult FisherExact(uint64_t a, uint64_t b, uint64_t c, uint64_t d) {
  const double row1 = static_cast<double>(a + b);
  const double row2 = static_cast<double>(c + d);
  const double col1 = static_cast<double>(a + c);
  const double col2 = static_cast<double>(b + d);
  if (row1 == 0 || row2 == 0 || col1 == 0 || col2 == 0) return {kNan, 1};
  const double cross = static_cast<double>(b) * static_cast<double>(c);
  const double odds = cross > 0 ? static_cast<double>(a) * static_cast<double>(d) / cross
                                : std::numeric_limits<double>::infinity();
  // Tables as probable as the observed one count; the slack covers rounding of lgamma (R uses the
  // same).
  const double limit = LogHypergeometric(static_cast<double>(a), row1, row2, col1) + 1e-7;
  double p = 0;
  for (double x = std::max(0.0, col1 - row2); x <= std::min(row1, col1); ++x) {
    const double log_p = LogHypergeometric(x, row1, row2, col1);
    if (log_p <= limit) p += std::exp(log_p);
  }
  return {odds, std::min(1.0, p)};
}

double Psi(std::span<const double> r, std::span<const double> c) {
  Pair shares = BothShares(r, c);
  if (!shares.ok) return kNan;
  FillZeros(shares.p);
  FillZeros(shares.q);
  double psi = 0;
  for (size_t i = 0; i < shares.p.size(); ++i) {
    psi += (shares.p[i] - shares.q[i]) * std::log(shares.p[i] / shares.q[i]);
  }
  return psi;
}

double KlDivergence(std::span<const double> r, std::span<const double> c) {
  Pair shares = BothShares(r, c);
  if (!shares.ok) return kNan;
  FillZeros(shares.p);
  FillZeros(shares.q);
  const std::vector<double> p = Shares(shares.p);
  const std::vector<double> q = Shares(shares.q);
  double divergence = 0;
  for (size_t i = 0; i < p.size(); ++i) divergence += p[i] * std::log(p[i] / q[i]);
  return divergence;
}

double JensenShannon(std::span<const double> r, std::span<const double> c, bool base2) {
  const Pair shares = BothShares(r, c);
  if (!shares.ok) return kNan;
  double divergence = 0;
  for (size_t i = 0; i < shares.p.size(); ++i) {
    const double middle = (shares.p[i] + shares.q[i]) / 2;
    if (shares.p[i] > 0) divergence += shares.p[i] * std::log(shares.p[i] / middle);
    if (shares.q[i] > 0) divergence += shares.q[i] * std::log(shares.q[i] / middle);
  }
  if (base2) divergence /= std::log(2.0);
  return std::sqrt(std::max(0.0, divergence / 2));
}

double Hellinger(std::span<const double> r, std::span<const double> c) {
  const Pair shares = BothShares(r, c);
  if (!shares.ok) return kNan;
  double affinity = 0;
  for (size_t i = 0; i < shares.p.size(); ++i) affinity += std::sqrt(shares.p[i] * shares.q[i]);
  return std::sqrt(1 - std::min(1.0, affinity));
}

double LInfinity(std::span<const double> r, std::span<const double> c) {
  const Pair shares = BothShares(r, c);
  if (!shares.ok) return kNan;
  double greatest = 0;
  for (size_t i = 0; i < shares.p.size(); ++i) {
    greatest = std::max(greatest, std::abs(shares.p[i] - shares.q[i]));
  }
  return greatest;
}

double TotalVariation(std::span<const double> r, std::span<const double> c) {
  const Pair shares = BothShares(r, c);
  if (!shares.ok) return kNan;
  double sum = 0;
  for (size_t i = 0; i < shares.p.size(); ++i) sum += std::abs(shares.p[i] - shares.q[i]);
  return sum / 2;
}

ShareDifference DifferenceOfShares(double x_r, double n_r, double x_c, double n_c, double level) {
  if (!(n_r > 0) || !(n_c > 0)) return {kNan, kNan, kNan};
  const Interval r = Wilson(static_cast<uint64_t>(x_r), static_cast<uint64_t>(n_r), level);
  const Interval c = Wilson(static_cast<uint64_t>(x_c), static_cast<uint64_t>(n_c), level);
  const double difference = c.value - r.value;
  return {difference, difference - std::hypot(c.value - c.low, r.high - r.value),
          difference + std::hypot(c.high - c.value, r.value - r.low)};
}

}  // namespace quern::stats
