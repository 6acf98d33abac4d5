#include "ml/search/parzen.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

namespace quern::ml {
namespace {

constexpr size_t kFullWeight = 25;  // so many newest observations count fully
constexpr double kPriorWeight = 1;

/// Age weights of `m` observations, oldest first, then the prior's; normalised.
std::vector<double> Weights(size_t m) {
  std::vector<double> weights(m, 1.0);
  if (m > kFullWeight) {
    // linspace(1/m, 1, m - 25) for the oldest.
    const size_t ramp = m - kFullWeight;
    const double start = 1.0 / static_cast<double>(m);
    for (size_t i = 0; i < ramp; ++i)
      weights[i] =
          ramp == 1 ? start
                    : start + (1 - start) * static_cast<double>(i) / static_cast<double>(ramp - 1);
  }
  weights.push_back(kPriorWeight);
  const double total = std::accumulate(weights.begin(), weights.end(), 0.0);
  for (double& w : weights) w /= total;
  return weights;
}

/// Standard normal probability of [a, b], a <= b, without cancellation in the tails.
double NormalMass(double a, double b) {
  const double s = std::sqrt(0.5);
  if (a > 0) return 0.5 * (std::erfc(a * s) - std::erfc(b * s));
  if (b < 0) return 0.5 * (std::erfc(-b * s) - std::erfc(-a * s));
  return 1 - 0.5 * (std::erfc(-a * s) + std::erfc(b * s));
}

size_t Pick(std::span<const double> shares, Rng& rng) {
  double u = rng.Uniform();
  for (size_t i = 0; i + 1 < shares.size(); ++i) {
    if (u < shares[i]) return i;
    u -= shares[i];
  }
  return shares.size() - 1;
}

}  // namespace

Dimension::Dimension(const Range& range) {
  using Kind = Range::Kind;
  choice = range.kind == Kind::kChoice;
  log = range.kind == Kind::kLogReal || range.kind == Kind::kLogInt;
  integer = range.kind == Kind::kInt || range.kind == Kind::kLogInt;
  choices = range.choices.size();
  first = range.low;
  last = range.high;
  const double half = integer ? 0.5 : 0.0;
  low = ToInternal(first - half);
  high = ToInternal(last + half);
}

double Dimension::FromInternal(double x) const {
  double value = log ? std::exp(x) : x;
  if (integer) value = std::round(value);
  return std::clamp(value, first, last);
}

double SampleUniform(const Dimension& dimension, Rng& rng) {
  if (dimension.choice) return static_cast<double>(rng.Below(dimension.choices));
  return dimension.FromInternal(dimension.low + (dimension.high - dimension.low) * rng.Uniform());
}

ParzenEstimator::ParzenEstimator(const std::vector<Dimension>& dimensions,
                                 const std::vector<Point>& observations)
    : dimensions_(dimensions), weights_(Weights(observations.size())) {
  for (size_t d = 0; d < dimensions.size(); ++d)
    kernels_.push_back(dimensions[d].choice ? Categorical(dimensions[d], observations, d)
                                            : Numeric(dimensions[d], observations, d));
}

ParzenEstimator::Kernels ParzenEstimator::Numeric(const Dimension& dimension,
                                                  const std::vector<Point>& points,
                                                  size_t d) const {
  const size_t m = points.size();
  const double range = dimension.high - dimension.low;
  Kernels kernels;
  for (const Point& point : points) kernels.mu.push_back(dimension.ToInternal(point[d]));
  std::vector<size_t> order(m);
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](size_t a, size_t b) { return kernels.mu[a] < kernels.mu[b]; });
  const double narrowest = range / std::min(100.0, 2.0 + static_cast<double>(m));
  kernels.sigma.resize(m);
  for (size_t i = 0; i < m; ++i) {
    const double here = kernels.mu[order[i]];
    double left = here - (i == 0 ? dimension.low : kernels.mu[order[i - 1]]);
    double right = (i + 1 == m ? dimension.high : kernels.mu[order[i + 1]]) - here;
    // The bounds are no neighbours of the outermost observations, if there are others.
    if (m >= 2 && i == 0) left = right;
    if (m >= 2 && i + 1 == m) right = left;
    kernels.sigma[order[i]] = std::clamp(std::max(left, right), narrowest, range);
  }
  kernels.mu.push_back(0.5 * (dimension.low + dimension.high));
  kernels.sigma.push_back(range);
  return kernels;
}

ParzenEstimator::Kernels ParzenEstimator::Categorical(const Dimension& dimension,
                                                      const std::vector<Point>& points,
                                                      size_t d) const {
  const size_t n = dimension.choices;
  const auto count = static_cast<double>(points.size() + 1);
  Kernels kernels;
  for (const Point& point : points)
    for (size_t k = 0; k < n; ++k)
      kernels.shares.push_back(
          (kPriorWeight / count + (static_cast<double>(k) == point[d] ? 1 : 0)) /
          (kPriorWeight / count * static_cast<double>(n) + 1));
  kernels.shares.insert(kernels.shares.end(), n, 1.0 / static_cast<double>(n));
  return kernels;
}

Point ParzenEstimator::Sample(Rng& rng) const {
  const size_t kernel = Pick(weights_, rng);
  Point point;
  for (size_t d = 0; d < dimensions_.size(); ++d) {
    const Dimension& dimension = dimensions_[d];
    const Kernels& kernels = kernels_[d];
    if (dimension.choice) {
      const std::span<const double> all = kernels.shares;
      point.push_back(static_cast<double>(
          Pick(all.subspan(kernel * dimension.choices, dimension.choices), rng)));
      continue;
    }
    // Truncated normal by rejection: mu lies inside, sigma is at most the range, so about one draw
    // in three is accepted at worst.
    double x = 0;
    do {
      x = kernels.mu[kernel] + kernels.sigma[kernel] * rng.Normal();
    } while (x < dimension.low || x > dimension.high);
    point.push_back(dimension.FromInternal(x));
  }
  return point;
}

double ParzenEstimator::LogKernel(size_t d, size_t kernel, double value) const {
  const Dimension& dimension = dimensions_[d];
  const Kernels& kernels = kernels_[d];
  if (dimension.choice)
    return std::log(kernels.shares[kernel * dimension.choices + static_cast<size_t>(value)]);
  const double mu = kernels.mu[kernel], sigma = kernels.sigma[kernel];
  const double inside = NormalMass((dimension.low - mu) / sigma, (dimension.high - mu) / sigma);
  if (dimension.integer) {
    const double a = std::max(dimension.low, dimension.ToInternal(value - 0.5));
    const double b = std::min(dimension.high, dimension.ToInternal(value + 0.5));
    return std::log(NormalMass((a - mu) / sigma, (b - mu) / sigma) / inside);
  }
  const double z = (dimension.ToInternal(value) - mu) / sigma;
  return -0.5 * z * z - std::log(sigma * std::sqrt(2 * M_PI)) - std::log(inside);
}

double ParzenEstimator::LogDensity(const Point& point) const {
  std::vector<double> terms;
  double top = -std::numeric_limits<double>::infinity();
  for (size_t k = 0; k < weights_.size(); ++k) {
    double term = std::log(weights_[k]);
    for (size_t d = 0; d < dimensions_.size(); ++d) term += LogKernel(d, k, point[d]);
    terms.push_back(term);
    top = std::max(top, term);
  }
  if (!std::isfinite(top)) return top;
  double sum = 0;
  for (const double term : terms) sum += std::exp(term - top);
  return top + std::log(sum);
}

}  // namespace quern::ml
