// Distances between numeric samples by one pass over both sorted.
#include <algorithm>
#include <cmath>
#include <limits>

#include "base/nan.h"
#include "stats/drift.h"
#include "stats/summary.h"

namespace quern::stats {
namespace {

// Integral over x of f(F_r(x) - F_c(x)).
template <class F>
double IntegrateCdfGap(std::span<const double> r, std::span<const double> c, F&& f) {
  const std::vector<double> a = Sorted(r);
  const std::vector<double> b = Sorted(c);
  const double n_r = static_cast<double>(a.size());
  const double n_c = static_cast<double>(b.size());
  size_t i = 0;
  size_t j = 0;
  double x = std::min(a.front(), b.front());
  double sum = 0;
  while (i < a.size() || j < b.size()) {
    while (i < a.size() && a[i] <= x) ++i;
    while (j < b.size() && b[j] <= x) ++j;
    if (i == a.size() && j == b.size()) break;
    double next = std::numeric_limits<double>::infinity();
    if (i < a.size()) next = std::min(next, a[i]);
    if (j < b.size()) next = std::min(next, b[j]);
    sum += f(static_cast<double>(i) / n_r - static_cast<double>(j) / n_c) * (next - x);
    x = next;
  }
  return sum;
}

std::vector<double> Merged(std::span<const double> r, std::span<const double> c) {
  std::vector<double> all(r.begin(), r.end());
  all.insert(all.end(), c.begin(), c.end());
  return all;
}

std::vector<double> ToDoubles(const std::vector<uint64_t>& counts) {
  return {counts.begin(), counts.end()};
}

}  // namespace

double Wasserstein(std::span<const double> r, std::span<const double> c) {
  if (r.empty() || c.empty()) return kNan;
  return IntegrateCdfGap(r, c, [](double gap) { return std::abs(gap); });
}

double WassersteinNormed(std::span<const double> r, std::span<const double> c) {
  if (r.empty() || c.empty()) return kNan;
  return Wasserstein(r, c) / std::max(StandardDeviation(r, 0), 0.001);
}

double EnergyDistance(std::span<const double> r, std::span<const double> c) {
  if (r.empty() || c.empty()) return kNan;
  return std::sqrt(2 * IntegrateCdfGap(r, c, [](double gap) { return gap * gap; }));
}

double HellingerNumeric(std::span<const double> r, std::span<const double> c) {
  if (r.empty() || c.empty()) return kNan;
  const std::vector<double> edges = SturgesEdges(SortedDistinct(Sorted(Merged(r, c))));
  // Equal widths: the integral of sqrt(h_r h_c) is the sum of sqrt(p q).
  return Hellinger(ToDoubles(Histogram(r, edges)), ToDoubles(Histogram(c, edges)));
}

SharedBins CutShared(std::span<const double> r, std::span<const double> c) {
  SharedBins bins;
  const std::vector<double> all = Merged(r, c);
  if (SortedDistinct(Sorted(r)).size() > 20) {
    bins.edges = SturgesEdges(all);
    bins.reference = ToDoubles(Histogram(r, bins.edges));
    bins.current = ToDoubles(Histogram(c, bins.edges));
    return bins;
  }
  bins.values = SortedDistinct(Sorted(all));
  const auto count = [&](std::span<const double> values) {
    std::vector<double> counts(bins.values.size(), 0);
    for (double v : values) {
      const auto at = std::lower_bound(bins.values.begin(), bins.values.end(), v);
      ++counts[static_cast<size_t>(at - bins.values.begin())];
    }
    return counts;
  };
  bins.reference = count(r);
  bins.current = count(c);
  return bins;
}

}  // namespace quern::stats
