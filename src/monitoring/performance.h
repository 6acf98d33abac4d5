#pragma once
// How well the model did, once labels are in, and what its own scores lead one to expect before
// that.
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/random.h"
#include "base/result.h"
#include "stats/interval.h"

namespace quern::monitoring {

/// Which label belongs to which prediction.
struct LabelJoin {
  size_t rows = 0;        // label rows that arrived
  size_t joined = 0;      // predictions with a label
  size_t unknown = 0;     // label rows whose id no prediction has
  size_t duplicates = 0;  // label rows overridden by a later one of the same id
  double coverage = 0;    // joined / predictions, 0 without predictions
  /// Aligned pairs, in the order of predictions.
  std::vector<uint32_t> prediction_rows;
  std::vector<uint32_t> label_rows;
};

/// Joins by prediction id. The last label of an id wins; ids of predictions are taken as unique
/// (the first one wins).
LabelJoin JoinLabels(std::span<const std::string> prediction_ids,
                     std::span<const std::string> label_ids);

struct MetricInterval {
  std::string name;
  stats::Interval interval;
};

/// The metric of that name on the given rows of the caller's data (ml::Metric behind it).
using MetricOfRows =
    std::function<Result<double>(std::string_view name, std::span<const uint32_t> rows)>;

/// Realised metrics over rows 0 … n-1 with bootstrap intervals. An error on all rows (unknown
/// metric) is returned; a metric that is undefined on them has a NaN value; undefined resamples are
/// left out.
Result<std::vector<MetricInterval>> RealisedMetrics(std::span<const std::string> names, size_t n,
                                                    const MetricOfRows& metric, const Rng& rng,
                                                    size_t resamples = 1000);

struct ExpectedOptions {
  /// "Positive" is a probability of at least this.
  double threshold = 0.5;
  size_t resamples = 500;
};

/// CBPE (NannyML): accuracy, precision, recall, specificity, f1, roc_auc, log_loss and brier that
/// calibrated probabilities of the positive class imply without any label: TP = sum of p over
/// predicted positives, and so on; 0 where a denominator is 0; AUC of the probability-weighted
/// rows. low and high bound what the realised metric may be 95 % of the time if the scores are
/// calibrated, labels being drawn from them. Blind to concept drift by construction. Empty for no
/// rows; kInvalidArgument: a probability outside of [0, 1].
Result<std::vector<MetricInterval>> ExpectedBinaryMetrics(std::span<const double> probabilities,
                                                          const ExpectedOptions& options,
                                                          const Rng& rng);

/// The same for several classes: accuracy = mean of each row's greatest probability, log_loss.
/// `probabilities` is row-major, rows x classes.
Result<std::vector<MetricInterval>> ExpectedMulticlassMetrics(std::span<const double> probabilities,
                                                              size_t classes,
                                                              const ExpectedOptions& options,
                                                              const Rng& rng);

}  // namespace quern::monitoring
