#include "stats/interval.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "base/check.h"
#include "base/nan.h"
#include "stats/distribution.h"
#include "stats/summary.h"

namespace quern::stats {
namespace {

constexpr size_t kJackknifeRows = 1000;
constexpr size_t kJackknifeBlocks = 200;

std::vector<uint32_t> AllRows(size_t n) {
  std::vector<uint32_t> rows(n);
  std::iota(rows.begin(), rows.end(), 0U);
  return rows;
}

// Rows grouped by stratum, in order of first appearance.
std::vector<std::vector<uint32_t>> GroupRows(size_t n, std::span<const uint32_t> strata) {
  if (strata.empty()) return {AllRows(n)};
  QUERN_CHECK(strata.size() == n, "one stratum per row");
  std::vector<uint32_t> order = AllRows(n);
  std::stable_sort(order.begin(), order.end(),
                   [&](uint32_t a, uint32_t b) { return strata[a] < strata[b]; });
  std::vector<std::vector<uint32_t>> groups;
  for (size_t i = 0; i < n; ++i) {
    if (i == 0 || strata[order[i]] != strata[order[i - 1]]) groups.emplace_back();
    groups.back().push_back(order[i]);
  }
  return groups;
}

void Resample(const std::vector<std::vector<uint32_t>>& groups, Rng rng,
              std::vector<uint32_t>& rows) {
  rows.clear();
  for (const std::vector<uint32_t>& group : groups) {
    for (size_t i = 0; i < group.size(); ++i) rows.push_back(group[rng.Below(group.size())]);
  }
}

// Every statistic of every resample: resamples x statistics.
std::vector<std::vector<double>> ResampledStatistics(size_t n, size_t resamples, const Rng& rng,
                                                     const RowStatistics& statistics,
                                                     std::span<const uint32_t> strata) {
  const std::vector<std::vector<uint32_t>> groups = GroupRows(n, strata);
  std::vector<std::vector<double>> values(resamples);
  std::vector<uint32_t> rows;
  rows.reserve(n);
  for (size_t b = 0; b < resamples; ++b) {
    Resample(groups, rng.Fork(b), rows);
    values[b] = statistics(rows);
  }
  return values;
}

// The statistics with one row (or one block of rows) left out.
std::vector<std::vector<double>> Jackknife(size_t n, const RowStatistics& statistics) {
  const size_t blocks = n <= kJackknifeRows ? n : kJackknifeBlocks;
  std::vector<std::vector<double>> values;
  values.reserve(blocks);
  std::vector<uint32_t> rows;
  for (size_t block = 0; block < blocks; ++block) {
    const size_t from = block * n / blocks;
    const size_t to = (block + 1) * n / blocks;
    rows.clear();
    for (size_t i = 0; i < n; ++i) {
      if (i < from || i >= to) rows.push_back(static_cast<uint32_t>(i));
    }
    values.push_back(statistics(rows));
  }
  return values;
}

// Skew of the jackknife values: Efron's acceleration. NaN where it is undefined.
double Acceleration(std::span<const double> jackknife) {
  const double mean = Mean(jackknife);
  double cubes = 0;
  double squares = 0;
  for (double v : jackknife) {
    const double gap = mean - v;
    squares += gap * gap;
    cubes += gap * gap * gap;
  }
  return squares > 0 ? cubes / (6 * std::pow(squares, 1.5)) : kNan;
}

// Percentile levels after Efron's correction, or the plain ones where it is undefined.
std::pair<double, double> BcaLevels(std::span<const double> sorted, double value,
                                    double acceleration, double level) {
  const double tail = (1 - level) / 2;
  const auto below = std::lower_bound(sorted.begin(), sorted.end(), value) - sorted.begin();
  const auto up_to = std::upper_bound(sorted.begin(), sorted.end(), value) - sorted.begin();
  const double share =
      static_cast<double>(below + up_to) / (2 * static_cast<double>(sorted.size()));
  const double z0 = NormalQuantile(share);
  if (!std::isfinite(z0) || !std::isfinite(acceleration)) return {tail, 1 - tail};
  const auto adjust = [&](double p) {
    const double z = z0 + NormalQuantile(p);
    return NormalCdf(z0 + z / (1 - acceleration * z));
  };
  return {adjust(tail), adjust(1 - tail)};
}

}  // namespace

Interval Wilson(uint64_t successes, uint64_t n, double level) {
  if (n == 0) return {kNan, kNan, kNan};
  const double total = static_cast<double>(n);
  const double p = static_cast<double>(successes) / total;
  const double z = NormalQuantile(1 - (1 - level) / 2);
  const double z2 = z * z;
  const double centre = (p + z2 / (2 * total)) / (1 + z2 / total);
  const double half =
      z / (1 + z2 / total) * std::sqrt(p * (1 - p) / total + z2 / (4 * total * total));
  // At the ends the limit is the end itself; rounding must not step over it.
  return {p, successes == 0 ? 0.0 : std::max(0.0, centre - half),
          successes == n ? 1.0 : std::min(1.0, centre + half)};
}

std::vector<Interval> BootstrapMany(size_t n, size_t resamples, const Rng& rng,
                                    const RowStatistics& statistics,
                                    const BootstrapOptions& options) {
  const std::vector<double> point = statistics(AllRows(n));
  std::vector<Interval> intervals(point.size());
  for (size_t s = 0; s < point.size(); ++s) intervals[s] = {point[s], kNan, kNan};
  if (n < 2 || resamples == 0) return intervals;
  const auto values = ResampledStatistics(n, resamples, rng, statistics, options.strata);
  const bool bca = options.method == BootstrapMethod::kBca;
  const auto jackknife = bca ? Jackknife(n, statistics) : std::vector<std::vector<double>>{};
  const double tail = (1 - options.level) / 2;
  for (size_t s = 0; s < point.size(); ++s) {
    std::vector<double> column;
    for (const std::vector<double>& row : values) column.push_back(row[s]);
    column = Sorted(Finite(column));
    if (column.size() * 2 < resamples || std::isnan(point[s])) continue;
    double low = tail;
    double high = 1 - tail;
    if (bca) {
      std::vector<double> left_out;
      for (const std::vector<double>& row : jackknife) left_out.push_back(row[s]);
      std::tie(low, high) = BcaLevels(column, point[s], Acceleration(left_out), options.level);
    }
    intervals[s].low = SortedQuantile(column, low);
    intervals[s].high = SortedQuantile(column, high);
  }
  return intervals;
}

Interval Bootstrap(size_t n, size_t resamples, const Rng& rng, const RowStatistic& statistic,
                   const BootstrapOptions& options) {
  return BootstrapMany(
             n, resamples, rng,
             [&](std::span<const uint32_t> rows) { return std::vector<double>{statistic(rows)}; },
             options)
      .front();
}

std::vector<double> BootstrapValues(size_t n, size_t resamples, const Rng& rng,
                                    const RowStatistic& statistic,
                                    std::span<const uint32_t> strata) {
  std::vector<double> values(resamples, kNan);
  if (n == 0) return values;
  const std::vector<std::vector<uint32_t>> groups = GroupRows(n, strata);
  std::vector<uint32_t> rows;
  rows.reserve(n);
  for (size_t b = 0; b < resamples; ++b) {
    Resample(groups, rng.Fork(b), rows);
    values[b] = statistic(rows);
  }
  return values;
}

}  // namespace quern::stats
