// Two-sample Kolmogorov–Smirnov with SciPy's choice of the law of D.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <numeric>

#include "base/nan.h"
#include "stats/distribution.h"
#include "stats/drift.h"
#include "stats/summary.h"

namespace quern::stats {
namespace {

constexpr size_t kExactLimit = 10000;

// D times n_r n_c, an integer: no rounding decides between neighbouring values.
int64_t GreatestGap(const std::vector<double>& r, const std::vector<double>& c) {
  const auto n_r = static_cast<int64_t>(r.size());
  const auto n_c = static_cast<int64_t>(c.size());
  int64_t greatest = 0;
  size_t i = 0;
  size_t j = 0;
  while (i < r.size() && j < c.size()) {
    const double x = std::min(r[i], c[j]);
    while (i < r.size() && r[i] <= x) ++i;
    while (j < c.size() && c[j] <= x) ++j;
    greatest =
        std::max(greatest, std::abs(static_cast<int64_t>(i) * n_c - static_cast<int64_t>(j) * n_r));
  }
  return greatest;
}

// P(D >= h/n) of two samples of n each: 2 A0 (1 - A1 (1 - A2 (1 - …))).
double EqualSizes(int64_t n, int64_t h) {
  double p = 0;
  for (int64_t k = n / h; k >= 0; --k) {
    double term = 1;
    for (int64_t j = 0; j < h; ++j) {
      term *= static_cast<double>(n - k * h - j) / static_cast<double>(n + k * h + j + 1);
    }
    p = term * (1 - p);
  }
  return 2 * p;
}

// Share of lattice paths from (0,0) to (m,n) that touch |n x - m y| >= h g, column by column:
// out(x,y) = (x out(x-1,y) + y out(x,y-1)) / (x+y), and 1 outside (Hodges 1957). Only the window of
// rows inside the band is kept.
double UnequalSizes(int64_t m, int64_t n, int64_t h) {
  const int64_t g = std::gcd(m, n);
  const int64_t mg = m / g;
  const int64_t ng = n / g;
  const auto floor_div = [](int64_t a, int64_t b) { return a >= 0 ? a / b : -((-a + b - 1) / b); };
  const auto ceil_div = [&](int64_t a, int64_t b) { return -floor_div(-a, b); };
  const auto first_row = [&](int64_t x) {
    return std::max<int64_t>(floor_div(ng * x - h, mg) + 1, 0);
  };
  const auto end_row = [&](int64_t x) { return std::min(ceil_div(ng * x + h, mg), n + 1); };
  std::vector<double> column(static_cast<size_t>(n) + 2, 1.0);
  std::fill(column.begin(), column.begin() + end_row(0), 0.0);
  std::vector<double> inverses(static_cast<size_t>(m + n) + 1, 0.0);
  for (size_t i = 1; i < inverses.size(); ++i) inverses[i] = 1 / static_cast<double>(i);
  int64_t end_before = end_row(0);
  for (int64_t x = 1; x <= m; ++x) {
    const int64_t first = first_row(x);
    const int64_t end = end_row(x);
    if (end <= first) return 1;
    // Rows that the window leaves below are outside from here on; those above still hold 1.
    double below = first == 0 ? 0.0 : 1.0;
    for (int64_t y = first; y < end; ++y) {
      const double left = y < end_before ? column[static_cast<size_t>(y)] : 1.0;
      const double inverse = inverses[static_cast<size_t>(x + y)];
      // Only one product and one sum depend on the row before: this is what the run time hangs on.
      below =
          left * (static_cast<double>(x) * inverse) + below * (static_cast<double>(y) * inverse);
      column[static_cast<size_t>(y)] = below;
    }
    end_before = end;
  }
  return column[static_cast<size_t>(n)];
}

}  // namespace

TestResult KsTwoSample(std::span<const double> r, std::span<const double> c) {
  if (r.empty() || c.empty()) return {kNan, kNan};
  const auto n_r = static_cast<int64_t>(r.size());
  const auto n_c = static_cast<int64_t>(c.size());
  const int64_t gap = GreatestGap(Sorted(r), Sorted(c));
  const double d = static_cast<double>(gap) / (static_cast<double>(n_r) * static_cast<double>(n_c));
  if (gap == 0) return {0, 1};
  const double m = static_cast<double>(n_r);
  const double n = static_cast<double>(n_c);
  // Wei & Dudley (2012): p <= 2.17 exp(-2 d^2 mn/(m+n)). What no double can hold needs no counting.
  if (2 * d * d * m * n / (m + n) > 750) return {d, 0};
  if (std::max(r.size(), c.size()) <= kExactLimit) {
    const int64_t h = gap / std::gcd(n_r, n_c);  // D in units of 1 / lcm
    const double p =
        n_r == n_c ? EqualSizes(n_r, h) : UnequalSizes(std::max(n_r, n_c), std::min(n_r, n_c), h);
    return {d, std::clamp(p, 0.0, 1.0)};
  }
  return {d, KolmogorovSf(d, std::nearbyint(m * n / (m + n)))};
}

}  // namespace quern::stats
