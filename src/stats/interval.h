#pragma once
// Intervals. Everything is a function of its arguments and the generator's seed: same seed, same
// bytes.
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "base/random.h"

namespace quern::stats {

/// A point estimate and its two-sided confidence limits; NaN limits: could not be estimated.
struct Interval {
  double value = 0;
  double low = 0;
  double high = 0;
};

/// Wilson's score interval of a share; NaN for n == 0.
Interval Wilson(uint64_t successes, uint64_t n, double level = 0.95);

enum class BootstrapMethod { kPercentile, kBca };

struct BootstrapOptions {
  double level = 0.95;
  BootstrapMethod method = BootstrapMethod::kPercentile;
  /// Stratum of each row (class index, say): resamples keep every stratum's size. Empty: one
  /// stratum.
  std::span<const uint32_t> strata = {};
};

/// A number computed from the given rows (indices into 0 … n-1, repeats allowed). NaN where it does
/// not exist, as AUC of one class.
using RowStatistic = std::function<double(std::span<const uint32_t> rows)>;
/// Several numbers at once, always the same count.
using RowStatistics = std::function<std::vector<double>(std::span<const uint32_t> rows)>;

/// Bootstrap interval of `statistic` over n rows from `resamples` resamples; `value` is the
/// statistic of all rows. Resample b is a function of (rng's seed, b) alone. NaN resamples are left
/// out; with more than half of them NaN, or n < 2, the limits are NaN. kBca corrects for bias and
/// skew by the jackknife (Efron 1987; blocks of rows above 1000 rows) and falls back to percentiles
/// where it is undefined.
Interval Bootstrap(size_t n, size_t resamples, const Rng& rng, const RowStatistic& statistic,
                   const BootstrapOptions& options = {});
/// The same resamples for several statistics: one Interval for each.
std::vector<Interval> BootstrapMany(size_t n, size_t resamples, const Rng& rng,
                                    const RowStatistics& statistics,
                                    const BootstrapOptions& options = {});

/// The raw resampled values behind it (for tests on differences), NaN ones included.
std::vector<double> BootstrapValues(size_t n, size_t resamples, const Rng& rng,
                                    const RowStatistic& statistic,
                                    std::span<const uint32_t> strata = {});

}  // namespace quern::stats
