// Tests on ranks of the pooled sample: Mann–Whitney, Cramér–von Mises, Anderson–Darling.
#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <limits>
#include <numeric>
#include <utility>

#include "base/nan.h"
#include "stats/distribution.h"
#include "stats/drift.h"
#include "stats/log_gamma.h"
#include "stats/summary.h"

namespace quern::stats {
namespace {

// Average ranks (from 1) of both sorted samples in the pooled one, and sum of t^3 - t over ties.
struct Ranks {
  std::vector<double> r;
  std::vector<double> c;
  double ties = 0;
};
Ranks RankBoth(const std::vector<double>& r, const std::vector<double>& c) {
  Ranks ranks;
  size_t i = 0;
  size_t j = 0;
  while (i < r.size() || j < c.size()) {
    double x = std::numeric_limits<double>::infinity();
    if (i < r.size()) x = std::min(x, r[i]);
    if (j < c.size()) x = std::min(x, c[j]);
    const size_t before = i + j;
    size_t in_r = 0;
    size_t in_c = 0;
    while (i < r.size() && r[i] == x) ++i, ++in_r;
    while (j < c.size() && c[j] == x) ++j, ++in_c;
    const double t = static_cast<double>(in_r + in_c);
    const double rank = static_cast<double>(before) + (t + 1) / 2;
    ranks.r.insert(ranks.r.end(), in_r, rank);
    ranks.c.insert(ranks.c.end(), in_c, rank);
    ranks.ties += t * t * t - t;
  }
  return ranks;
}

// P(U >= u) without ties: U's counts are the coefficients of the Gaussian binomial, product over i
// of (1 - q^(n+i)) / (1 - q^i). Exact integers in 128 bits; `fits` false when they would not fit.
struct Exact {
  double p = 0;
  bool fits = false;
};
Exact ExactMannWhitney(size_t n1, size_t n2, size_t u) {
  const size_t m = std::min(n1, n2);
  const size_t n = std::max(n1, n2);
  const double log_total = LogGamma(static_cast<double>(m + n) + 1) -
                           LogGamma(static_cast<double>(m) + 1) -
                           LogGamma(static_cast<double>(n) + 1);
  if (log_total > 80) return {};
  __extension__ using Wide = __int128;
  std::vector<Wide> counts(m * n + 1, 0);
  counts[0] = 1;
  for (size_t i = 1; i <= m; ++i) {
    for (size_t q = counts.size(); q-- > n + i;) counts[q] -= counts[q - n - i];
    for (size_t q = i; q < counts.size(); ++q) counts[q] += counts[q - i];
  }
  double tail = 0;
  double total = 0;
  for (size_t q = 0; q < counts.size(); ++q) {
    total += static_cast<double>(counts[q]);
    if (q >= u) tail += static_cast<double>(counts[q]);
  }
  return {tail / total, true};
}

// Values of zeta reachable by lattice paths with their number of paths (Xiao, Gordon & Yakovlev
// 2006).
using Frequencies = std::vector<std::pair<int64_t, double>>;

Frequencies MergeAndShift(const Frequencies& a, const Frequencies& b, int64_t shift) {
  Frequencies out;
  out.reserve(a.size() + b.size());
  size_t i = 0;
  size_t j = 0;
  while (i < a.size() || j < b.size()) {
    if (j == b.size() || (i < a.size() && a[i].first < b[j].first)) {
      out.push_back(a[i++]);
    } else if (i == a.size() || b[j].first < a[i].first) {
      out.push_back(b[j++]);
    } else {
      out.emplace_back(a[i].first, a[i].second + b[j].second);
      ++i, ++j;
    }
  }
  for (auto& entry : out) entry.first += shift;
  return out;
}

double ExactCramerVonMises(double u_statistic, int64_t m, int64_t n) {
  const int64_t lcm = std::lcm(m, n);
  const int64_t a = lcm / m;
  const int64_t b = lcm / n;
  const double mn = static_cast<double>(m * n);
  const double zeta = std::floor(static_cast<double>(lcm * lcm * (m + n)) *
                                 (6 * u_statistic - mn * (4 * mn - 1)) / (6 * mn * mn));
  std::vector<Frequencies> row(static_cast<size_t>(m) + 1);
  row[0] = {{0, 1.0}};
  for (int64_t u = 0; u <= n; ++u) {
    Frequencies left;
    for (int64_t v = 0; v <= m; ++v) {
      const int64_t gap = a * v - b * u;
      left = MergeAndShift(left, row[static_cast<size_t>(v)], gap * gap);
      row[static_cast<size_t>(v)] = left;
    }
  }
  double tail = 0;
  double total = 0;
  for (const auto& [value, count] : row[static_cast<size_t>(m)]) {
    total += count;
    if (static_cast<double>(value) >= zeta) tail += count;
  }
  return tail / total;
}

// Variance of A2kN for k = 2 samples under H0 (Scholz & Stephens 1987, eq. 4).
double AndersonSigma(double n_r, double n_c) {
  const double total = n_r + n_c;
  const double inverse = 1 / n_r + 1 / n_c;
  double harmonic = 0;
  double g = 0;
  // g = sum_{i<j} 1/((N-i) j), accumulated as SciPy does.
  for (double i = total - 1, j = 2; i > 1; --i, ++j) {
    harmonic += 1 / i;
    g += harmonic / j;
  }
  const double h = harmonic + 1;
  const double a = (4 * g - 6) + (10 - 6 * g) * inverse;
  const double b = (2 * g - 4) * 4 + 16 * h + (2 * g - 14 * h - 4) * inverse - 8 * h + 4 * g - 6;
  const double c =
      (6 * h + 2 * g - 2) * 4 + (4 * h - 4 * g + 6) * 2 + (2 * h - 6) * inverse + 4 * h;
  const double d = (2 * h + 6) * 4 - 8 * h;
  return std::sqrt((a * total * total * total + b * total * total + c * total + d) /
                   ((total - 1) * (total - 2) * (total - 3)));
}

// Least-squares parabola of y over x at `at` (normal equations about the mean of x).
double FitParabola(std::span<const double> x, std::span<const double> y, double at) {
  const double centre = Mean(x);
  std::array<double, 5> s{};
  std::array<double, 3> t{};
  for (size_t i = 0; i < x.size(); ++i) {
    double power = 1;
    for (size_t k = 0; k < s.size(); ++k, power *= x[i] - centre) {
      s[k] += power;
      if (k < t.size()) t[k] += power * y[i];
    }
  }
  const auto det = [](double a, double b, double c, double d, double e, double f, double g,
                      double h, double i) {
    return a * (e * i - f * h) - b * (d * i - f * g) + c * (d * h - e * g);
  };
  const double whole = det(s[0], s[1], s[2], s[1], s[2], s[3], s[2], s[3], s[4]);
  const double c0 = det(t[0], s[1], s[2], t[1], s[2], s[3], t[2], s[3], s[4]) / whole;
  const double c1 = det(s[0], t[0], s[2], s[1], t[1], s[3], s[2], t[2], s[4]) / whole;
  const double c2 = det(s[0], s[1], t[0], s[1], s[2], t[1], s[2], s[3], t[2]) / whole;
  const double z = at - centre;
  return c0 + c1 * z + c2 * z * z;
}

double AndersonPValue(double statistic) {
  // Scholz & Stephens 1987, Table 2, with m = k - 1 = 1.
  constexpr std::array<double, 7> kB0 = {0.675, 1.281, 1.645, 1.96, 2.326, 2.573, 3.085};
  constexpr std::array<double, 7> kB1 = {-0.245, 0.25, 0.678, 1.149, 1.822, 2.364, 3.615};
  constexpr std::array<double, 7> kB2 = {-0.105, -0.305, -0.362, -0.391, -0.396, -0.345, -0.154};
  constexpr std::array<double, 7> kLevels = {0.25, 0.1, 0.05, 0.025, 0.01, 0.005, 0.001};
  std::array<double, 7> critical{};
  std::array<double, 7> logs{};
  for (size_t i = 0; i < critical.size(); ++i) {
    critical[i] = kB0[i] + kB1[i] + kB2[i];
    logs[i] = std::log(kLevels[i]);
  }
  if (statistic < critical.front()) return kLevels.front();
  if (statistic > critical.back()) return kLevels.back();
  return std::exp(FitParabola(critical, logs, statistic));
}

}  // namespace

TestResult MannWhitney(std::span<const double> r, std::span<const double> c,
                       Alternative alternative) {
  if (r.empty() || c.empty()) return {kNan, kNan};
  const Ranks ranks = RankBoth(Sorted(r), Sorted(c));
  const double n1 = static_cast<double>(r.size());
  const double n2 = static_cast<double>(c.size());
  const double u1 = std::accumulate(ranks.r.begin(), ranks.r.end(), 0.0) - n1 * (n1 + 1) / 2;
  const double u2 = n1 * n2 - u1;
  const bool two_sided = alternative == Alternative::kTwoSided;
  const double u = two_sided ? std::max(u1, u2) : alternative == Alternative::kGreater ? u1 : u2;
  const double factor = two_sided ? 2 : 1;
  if (ranks.ties == 0 && std::min(r.size(), c.size()) <= 8) {
    const Exact exact = ExactMannWhitney(r.size(), c.size(), static_cast<size_t>(u));
    if (exact.fits) return {u1, std::min(1.0, factor * exact.p)};
  }
  const double n = n1 + n2;
  const double variance = n1 * n2 / 12 * ((n + 1) - ranks.ties / (n * (n - 1)));
  if (!(variance > 0)) return {u1, 1};
  const double z = (u - n1 * n2 / 2 - 0.5) / std::sqrt(variance);
  return {u1, std::min(1.0, factor * NormalSf(z))};
}

TestResult CramerVonMises(std::span<const double> r, std::span<const double> c) {
  if (r.size() < 2 || c.size() < 2) return {kNan, kNan};
  const Ranks ranks = RankBoth(Sorted(r), Sorted(c));
  const double n1 = static_cast<double>(r.size());
  const double n2 = static_cast<double>(c.size());
  const auto sum = [](const std::vector<double>& of) {
    double total = 0;
    for (size_t i = 0; i < of.size(); ++i) {
      const double gap = of[i] - static_cast<double>(i + 1);
      total += gap * gap;
    }
    return total;
  };
  const double u = n1 * sum(ranks.r) + n2 * sum(ranks.c);
  const double k = n1 * n2;
  const double n = n1 + n2;
  const double t = u / (k * n) - (4 * k - 1) / (6 * n);
  if (std::max(r.size(), c.size()) <= 20) {
    return {t,
            ExactCramerVonMises(u, static_cast<int64_t>(r.size()), static_cast<int64_t>(c.size()))};
  }
  const double mean = (1 + 1 / n) / 6;
  const double variance =
      (n + 1) * (4 * k * n - 3 * (n1 * n1 + n2 * n2) - 2 * k) / (45 * n * n * 4 * k);
  return {t, CramerVonMisesSf(1.0 / 6 + (t - mean) / std::sqrt(45 * variance))};
}

TestResult AndersonDarling(std::span<const double> r, std::span<const double> c) {
  if (r.empty() || c.empty() || r.size() + c.size() < 4) return {kNan, kNan};
  const std::vector<double> a = Sorted(r);
  const std::vector<double> b = Sorted(c);
  const double n_r = static_cast<double>(a.size());
  const double n_c = static_cast<double>(b.size());
  const double n = n_r + n_c;
  if (a.front() == a.back() && b.front() == b.back() && a.front() == b.front()) return {kNan, 1};
  double statistic = 0;
  size_t i = 0;
  size_t j = 0;
  while (i < a.size() || j < b.size()) {
    double x = std::numeric_limits<double>::infinity();
    if (i < a.size()) x = std::min(x, a[i]);
    if (j < b.size()) x = std::min(x, b[j]);
    const double before = static_cast<double>(i + j);
    const double before_r = static_cast<double>(i);
    const double before_c = static_cast<double>(j);
    while (i < a.size() && a[i] == x) ++i;
    while (j < b.size() && b[j] == x) ++j;
    const double tied = static_cast<double>(i + j) - before;
    const double rank = before + tied / 2;
    const double spread = rank * (n - rank) - n * tied / 4;
    if (spread <= 0) continue;
    const double gap_r = n * (before_r + static_cast<double>(i)) / 2 - rank * n_r;
    const double gap_c = n * (before_c + static_cast<double>(j)) / 2 - rank * n_c;
    statistic += tied / n * (gap_r * gap_r / n_r + gap_c * gap_c / n_c) / spread;
  }
  statistic *= (n - 1) / n;
  const double standardised = (statistic - 1) / AndersonSigma(n_r, n_c);
  return {standardised, AndersonPValue(standardised)};
}

}  // namespace quern::stats
