#include "stats/summary.h"

#include <algorithm>
#include <cmath>

#include "base/nan.h"

namespace quern::stats {
namespace {

double CentralMoment(std::span<const double> values, double mean, int power) {
  double sum = 0;
  for (double v : values) sum += std::pow(v - mean, power);
  return sum / static_cast<double>(values.size());
}

// NumPy's outer edges and its rule for the number of equal bins of a wished-for width.
std::vector<double> EdgesOfWidth(double low, double high, double width) {
  double first = low;
  double last = high;
  if (low == high) {
    first -= 0.5;
    last += 0.5;
  }
  size_t bins = 1;
  if (width > 0) bins = static_cast<size_t>(std::max(1.0, std::ceil((last - first) / width)));
  return UniformEdges(first, last, bins);
}

}  // namespace

double Mean(std::span<const double> values) {
  if (values.empty()) return kNan;
  double sum = 0;
  for (double v : values) sum += v;
  return sum / static_cast<double>(values.size());
}

double Variance(std::span<const double> values, size_t ddof) {
  if (values.size() <= ddof) return kNan;
  const double mean = Mean(values);
  double sum = 0;
  for (double v : values) sum += (v - mean) * (v - mean);
  return sum / static_cast<double>(values.size() - ddof);
}

double StandardDeviation(std::span<const double> values, size_t ddof) {
  return std::sqrt(Variance(values, ddof));
}

double Skewness(std::span<const double> values) {
  if (values.empty()) return kNan;
  const double mean = Mean(values);
  const double m2 = CentralMoment(values, mean, 2);
  if (m2 <= 0) return 0;
  return CentralMoment(values, mean, 3) / std::pow(m2, 1.5);
}

double SortedQuantile(std::span<const double> sorted, double q) {
  if (sorted.empty() || !(q >= 0 && q <= 1)) return kNan;
  const double at = q * static_cast<double>(sorted.size() - 1);
  const auto below = static_cast<size_t>(std::floor(at));
  if (below + 1 >= sorted.size()) return sorted.back();
  const double t = at - static_cast<double>(below);
  const double a = sorted[below];
  const double b = sorted[below + 1];
  // NumPy interpolates from the nearer end, which keeps the result monotone in q.
  return t >= 0.5 ? b - (b - a) * (1 - t) : a + (b - a) * t;
}

double Quantile(std::span<const double> values, double q) {
  return SortedQuantile(Sorted(values), q);
}

double Median(std::span<const double> values) { return Quantile(values, 0.5); }

double Mad(std::span<const double> values) {
  const double median = Median(values);
  std::vector<double> deviations;
  deviations.reserve(values.size());
  for (double v : values) deviations.push_back(std::abs(v - median));
  return Median(deviations);
}

std::vector<double> Finite(std::span<const double> values) {
  std::vector<double> finite;
  finite.reserve(values.size());
  for (double v : values) {
    if (std::isfinite(v)) finite.push_back(v);
  }
  return finite;
}

std::vector<double> Sorted(std::span<const double> values) {
  std::vector<double> sorted(values.begin(), values.end());
  std::sort(sorted.begin(), sorted.end());
  return sorted;
}

std::vector<double> SortedDistinct(std::span<const double> sorted) {
  std::vector<double> distinct;
  std::unique_copy(sorted.begin(), sorted.end(), std::back_inserter(distinct));
  return distinct;
}

std::vector<double> UniformEdges(double low, double high, size_t bins) {
  if (low == high) {
    low -= 0.5;
    high += 0.5;
  }
  bins = std::max<size_t>(bins, 1);
  const double step = (high - low) / static_cast<double>(bins);
  std::vector<double> edges(bins + 1);
  for (size_t i = 0; i < bins; ++i) edges[i] = static_cast<double>(i) * step + low;
  edges[bins] = high;
  return edges;
}

std::vector<double> SturgesEdges(std::span<const double> values) {
  if (values.empty()) return {0, 1};
  const auto [low, high] = std::minmax_element(values.begin(), values.end());
  const double width = (*high - *low) / (std::log2(static_cast<double>(values.size())) + 1);
  return EdgesOfWidth(*low, *high, width);
}

std::vector<double> DoaneEdges(std::span<const double> values) {
  if (values.empty()) return {0, 1};
  const auto [low, high] = std::minmax_element(values.begin(), values.end());
  const double n = static_cast<double>(values.size());
  double width = 0;
  if (values.size() > 2 && Variance(values, 0) > 0) {
    const double sigma_g1 = std::sqrt(6 * (n - 2) / ((n + 1) * (n + 3)));
    const double g1 = std::abs(Skewness(values));
    width = (*high - *low) / (1 + std::log2(n) + std::log2(1 + g1 / sigma_g1));
  }
  return EdgesOfWidth(*low, *high, width);
}

std::vector<uint64_t> Histogram(std::span<const double> values, std::span<const double> edges) {
  if (edges.size() < 2) return {};
  std::vector<uint64_t> counts(edges.size() - 1, 0);
  for (double v : values) {
    if (!(v >= edges.front() && v <= edges.back())) continue;
    const auto above = std::upper_bound(edges.begin(), edges.end(), v);
    const auto bin = static_cast<size_t>(above - edges.begin());
    ++counts[std::min(bin, counts.size()) - 1];
  }
  return counts;
}

}  // namespace quern::stats
