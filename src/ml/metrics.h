#pragma once
// Metrics by name and the curves behind them, with scikit-learn 1.9's semantics (zero_division = 0,
// average precision as the step sum, log loss clipped at the double's epsilon). Pure functions,
// thread-safe.
//
// Rows and weights: every function takes the rows to use as indices into target and scores, repeats
// allowed (a bootstrap sample); an empty list means all rows. Weights are per row of the target,
// empty means 1.
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "ml/fit.h"

namespace quern::ml {

struct MetricInfo {
  std::string name;
  std::vector<Task> tasks;
  bool higher_is_better = true;
  /// Needs probabilities; the others are computed from labels or predictions.
  bool needs_scores = false;
  std::string doc;
  /// Grows with the target's own units: what is much or little depends on them.
  bool in_target_units = false;

  bool For(Task task) const;
};

/// Every metric, in the order in which reports show them.
const std::vector<MetricInfo>& Metrics();
/// The metric of that name, or null.
const MetricInfo* FindMetric(std::string_view name);
/// Names of the metrics that a task has, in the order of Metrics().
std::vector<std::string> MetricNames(Task task);

/// One value. NaN where the metric is undefined on these rows (ROC AUC of a single class).
/// kInvalidArgument: unknown metric (with a suggestion), metric of another task, unequal lengths.
Result<double> Metric(std::string_view name, const Target& target, const Scores& scores,
                      std::span<const uint32_t> rows = {}, std::span<const double> weights = {});

struct RocPoint {
  double fpr = 0;
  double tpr = 0;
  double threshold = 0;  // positive if score >= threshold; the first is +infinity
};
/// One point per distinct score of `positive`, from (0, 0) to (1, 1); empty with a single class.
std::vector<RocPoint> Roc(const Target& target, const Scores& scores, uint32_t positive = 1,
                          std::span<const uint32_t> rows = {});

struct PrPoint {
  double recall = 0;
  double precision = 0;
  double threshold = 0;
};
/// Descending recall, ending in (0, 1) at threshold +infinity, as scikit-learn.
std::vector<PrPoint> PrecisionRecall(const Target& target, const Scores& scores,
                                     uint32_t positive = 1, std::span<const uint32_t> rows = {});

struct CalibrationBin {
  double score = 0;  // mean predicted probability of the bin
  double rate = 0;   // share of positives in it
  size_t count = 0;
};
enum class Bins { kUniform, kQuantile };
/// Non-empty bins, ascending. Equal-width bins over [0, 1] or equal-frequency ones.
std::vector<CalibrationBin> CalibrationBins(const Target& target, const Scores& scores,
                                            size_t bins = 10, Bins kind = Bins::kUniform,
                                            uint32_t positive = 1,
                                            std::span<const uint32_t> rows = {});

struct ThresholdRow {
  double threshold = 0;
  double accuracy = 0;
  double precision = 0;
  double recall = 0;
  double specificity = 0;
  double f1 = 0;
};
/// Binary: the label metrics if "positive" were P(positive) >= threshold, for each threshold given.
std::vector<ThresholdRow> ThresholdTable(const Target& target, const Scores& scores,
                                         std::span<const double> thresholds,
                                         std::span<const uint32_t> rows = {});

/// Counts, row = true class, column = predicted one; classes x classes.
std::vector<std::vector<size_t>> Confusion(const Target& target, const Scores& scores,
                                           std::span<const uint32_t> rows = {});

}  // namespace quern::ml
