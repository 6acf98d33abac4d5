// The exact law of the one-sample Kolmogorov statistic. Choice of method by size and distance: R.
// Simard & P. L'Ecuyer, "Computing the Two-Sided Kolmogorov–Smirnov Distribution", J. Stat.
// Software 39(11), 2011.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <numbers>
#include <vector>

#include "stats/distribution.h"
#include "stats/log_gamma.h"

namespace quern::stats {
namespace {

constexpr int kScaleExponent = 128;
const double kScale = std::ldexp(1.0, kScaleExponent);

double Clip(double p) { return std::clamp(p, 0.0, 1.0); }

// One-sided Smirnov: P(D+ >= x) = sum_j C(n,j) x (x + j/n)^(j-1) (1 - x - j/n)^(n-j); every term is
// positive, so the sum of exponentials of logarithms is accurate.
double SmirnovSf(double n, double x) {
  const double last = std::floor(n * (1 - x));
  const double log_n_factorial = LogGamma(n + 1);
  double sum = 0;
  for (double j = 0; j <= last; ++j) {
    const double left = x + j / n;
    const double right = 1 - x - j / n;
    double log_term = log_n_factorial - LogGamma(j + 1) - LogGamma(n - j + 1) + std::log(x) +
                      (j - 1) * std::log(left);
    if (n - j > 0) {
      if (right <= 0) continue;
      log_term += (n - j) * std::log1p(-left);
    }
    sum += std::exp(log_term);
  }
  return sum;
}

using Square = std::vector<double>;  // row-major m x m

Square Multiply(const Square& a, const Square& b, size_t m) {
  Square out(m * m, 0);
  for (size_t i = 0; i < m; ++i) {
    for (size_t k = 0; k < m; ++k) {
      const double factor = a[i * m + k];
      if (factor == 0) continue;
      for (size_t j = 0; j < m; ++j) out[i * m + j] += factor * b[k * m + j];
    }
  }
  return out;
}

// Durbin's matrix as Marsaglia, Tsang & Wang (2003) set it up for n d = k - h.
Square DurbinMatrix(size_t k, double h) {
  const size_t m = 2 * k - 1;
  std::vector<double> column(m);
  std::vector<double> inverse_factorial(m);
  double factor = 1;
  for (size_t j = 1; j <= m; ++j) {
    inverse_factorial[j - 1] = factor;
    factor /= static_cast<double>(j);
    column[j - 1] = (1 - std::pow(h, static_cast<double>(j))) * factor;
  }
  const double order = static_cast<double>(m);
  const double corner = std::pow(std::max(2 * h - 1, 0.0), order) - 2 * std::pow(h, order);
  column[m - 1] = (1 + corner) * factor;
  Square matrix(m * m, 0);
  for (size_t i = 1; i < m; ++i) {
    for (size_t row = i - 1; row < m; ++row) matrix[row * m + i] = inverse_factorial[row - i + 1];
  }
  for (size_t row = 0; row < m; ++row) matrix[row * m] = column[row];
  for (size_t j = 0; j < m; ++j) matrix[(m - 1) * m + j] = column[m - 1 - j];
  return matrix;
}

double DurbinCdf(double n, double d) {
  const double nd = n * d;
  const auto k = static_cast<size_t>(std::ceil(nd));
  const size_t m = 2 * k - 1;
  const size_t middle = (k - 1) * m + (k - 1);
  Square base = DurbinMatrix(k, static_cast<double>(k) - nd);
  Square power(m * m, 0);
  for (size_t i = 0; i < m; ++i) power[i * m + i] = 1;
  int exponent = 0;
  int base_exponent = 0;
  for (auto left = static_cast<uint64_t>(n); left > 0; left /= 2) {
    if (left % 2 == 1) {
      power = Multiply(power, base, m);
      exponent += base_exponent;
    }
    base = Multiply(base, base, m);
    base_exponent *= 2;
    if (std::abs(base[middle]) > kScale) {
      for (double& cell : base) cell /= kScale;
      base_exponent += kScaleExponent;
    }
  }
  double p = power[middle];
  for (double i = 1; i <= n; ++i) {
    p = i * p / n;
    if (std::abs(p) < 1 / kScale) {
      p *= kScale;
      exponent -= kScaleExponent;
    }
  }
  return Clip(std::ldexp(p, exponent));
}

// Pomeranz (1974): the column range of row i that can be non-zero.
struct PomeranzRange {
  long first;
  long last;
};
PomeranzRange RangeOf(long i, long n, long whole, long ceil_f, long round_f) {
  long j1 = 0;
  long j2 = 0;
  if (i == 0) {
    j1 = -whole - ceil_f - 1;
    j2 = whole + ceil_f - 1;
  } else {
    const long half = (i + 1) / 2;
    if ((i + 1) % 2 != 0) {
      j1 = half - 1 - whole - 1;
      j2 = half + whole + round_f - 1;
    } else if (half == n + 1) {
      j1 = n - whole - ceil_f - 1;
      j2 = n + whole + ceil_f - 1;
    } else {
      j1 = half - 1 - whole - round_f - 1;
      j2 = half + whole - 1 + ceil_f - 1;
    }
  }
  return {std::max(j1 + 2, 0L), std::min(j2, n)};
}

// rate^m / m!, m = 0 … size-1: Poisson weights without their factor exp(-rate).
std::vector<double> Weights(double rate, size_t size) {
  std::vector<double> weights(size, 1);
  for (size_t m = 1; m < size; ++m) weights[m] = weights[m - 1] * rate / static_cast<double>(m);
  return weights;
}

double PomeranzCdf(double size, double x) {
  const auto n = static_cast<long>(size);
  const double t = size * x;
  const auto whole = static_cast<long>(std::floor(t));
  const double f = t - static_cast<double>(whole);
  const double g = std::min(f, 1 - f);
  const long ceil_f = f > 0 ? 1 : 0;
  const long round_f = f > 0.5 ? 1 : 0;
  const auto powers = static_cast<size_t>(2 * (whole + 1));
  const std::vector<double> ends = Weights(g / size, powers);
  const std::vector<double> odd = Weights(2 * g / size, powers);
  const std::vector<double> even = Weights((1 - 2 * g) / size, powers);

  std::vector<double> row(static_cast<size_t>(n) + 1, 0);
  row[0] = 1;
  int exponent = 0;
  PomeranzRange range = RangeOf(0, n, whole, ceil_f, round_f);
  for (long i = 1; i <= 2 * n + 1; ++i) {
    const PomeranzRange before = range;
    range = RangeOf(i, n, whole, ceil_f, round_f);
    const std::vector<double>& weights =
        (i == 1 || i == 2 * n + 1) ? ends : (i % 2 == 1 ? odd : even);
    std::vector<double> next(row.size(), 0);
    double greatest = 0;
    for (long j = range.first; j <= range.last; ++j) {
      double sum = 0;
      for (long k = before.first; k <= std::min(j, before.last); ++k) {
        const auto gap = static_cast<size_t>(j - k);
        if (gap < weights.size()) sum += row[static_cast<size_t>(k)] * weights[gap];
      }
      next[static_cast<size_t>(j)] = sum;
      greatest = std::max(greatest, sum);
    }
    if (greatest > 0 && greatest < 1 / kScale) {
      for (double& cell : next) cell *= kScale;
      exponent -= kScaleExponent;
    }
    row = std::move(next);
  }
  double answer = row[static_cast<size_t>(n)];
  for (double m = 1; m <= size; ++m) {
    if (std::abs(answer) > kScale) {
      answer /= kScale;
      exponent += kScaleExponent;
    }
    answer *= m;
  }
  return Clip(std::ldexp(answer, exponent));
}

// Pelz & Good (1976): K0 + K1/sqrt(n) + K2/n + K3/n^1.5 in z = x sqrt(n), by Jacobi theta
// functions.
double PelzGoodCdf(double n, double x) {
  constexpr double kPi = std::numbers::pi;
  const double z = std::sqrt(n) * x;
  const double z2 = z * z;
  const double z4 = z2 * z2;
  const double z6 = z4 * z2;
  const double pi2 = kPi * kPi;
  const double pi4 = pi2 * pi2;
  const double log_q = -pi2 / 8 / z2;
  if (log_q < -708) return 0;
  const double q = std::exp(log_q);
  double k[4] = {0, 0, 0, 0};
  const int terms = static_cast<int>(std::ceil(16 * z / kPi));
  for (int i = terms; i > 0; --i) {
    const double m2 = std::pow(2.0 * i - 1, 2);
    const double m4 = m2 * m2;
    const double q_power = std::pow(q, 8.0 * i);
    const double c[4] = {
        1, -z2 + pi2 / 4 * m2,
        6 * z6 + 2 * z4 + (2 * z4 - 5 * z2) * pi2 / 4 * m2 + pi4 * (1 - 2 * z2) / 16 * m4,
        -30 * z6 - 90 * z4 * z4 + pi2 * (135 * z4 - 96 * z6) / 4 * m2 +
            pi4 * (-60 * z2 + 212 * z4) / 16 * m4 + pi4 * pi2 * (5 - 30 * z2) / 64 * m4 * m2};
    for (int j = 0; j < 4; ++j) k[j] = k[j] * q_power + c[j];
  }
  const double root = std::sqrt(2 * kPi);
  const double divisors[4] = {z, 6 * z4, 72 * z4 * z2 * z, 6480 * z4 * z4 * z2};
  for (int j = 0; j < 4; ++j) k[j] *= q * root / divisors[j];
  const double q2 = std::exp(-pi2 / 2 / z2);
  double extra2 = 0;
  double extra3 = 0;
  for (int i = terms; i > 0; --i) {
    const double i2 = static_cast<double>(i) * i;
    const double weight = i2 * std::pow(q2, i2);
    extra2 += weight;
    extra3 += (3 * z2 - pi2 * i2) * weight;
  }
  k[2] += extra2 * pi2 * root / (-36 * z2 * z);
  k[3] += extra3 * pi2 * root / (216 * z6);
  return Clip(k[0] + k[1] / std::sqrt(n) + k[2] / n + k[3] / (n * std::sqrt(n)));
}

}  // namespace

double KolmogorovSf(double d, double n) {
  if (std::isnan(d) || std::isnan(n) || n <= 0 || std::floor(n) != n) {
    return std::numeric_limits<double>::quiet_NaN();
  }
  const double t = n * d;
  if (d >= 1) return 0;
  if (t <= 0.5) return 1;
  if (t <= 1) {
    // Ruben & Gambino: n! / n^n (2t - 1)^n.
    double log_cdf = LogGamma(n + 1) - n * std::log(n) + n * std::log(2 * t - 1);
    return Clip(1 - std::exp(log_cdf));
  }
  if (t >= n - 1) return Clip(2 * std::pow(1 - d, n));
  const double nd2 = t * d;
  if (d >= 0.5) return Clip(2 * SmirnovSf(n, d));
  if (n <= 140) {
    if (nd2 <= 0.754693) return 1 - DurbinCdf(n, d);
    if (nd2 <= 4) return 1 - PomeranzCdf(n, d);
    return Clip(2 * SmirnovSf(n, d));
  }
  if (nd2 >= 370) return 0;
  if (nd2 >= 2.2) return Clip(2 * SmirnovSf(n, d));
  if (n <= 100000 && n * std::pow(d, 1.5) <= 1.4) return 1 - DurbinCdf(n, d);
  return 1 - PelzGoodCdf(n, d);
}

}  // namespace quern::stats
