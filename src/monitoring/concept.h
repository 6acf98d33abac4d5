#pragma once
// Concept drift: the relation between what the model sees and the label has changed. It is called
// from labels alone; a changed input is data drift and says nothing about it.
//
// What is tested is what remains after the scores' own prediction, so that a harder or a sicker
// population, which the scores foresee, is no concept drift. The same remainder on the hold-out is
// subtracted, so that a model that was never calibrated is not accused of drifting.
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "stats/interval.h"

namespace quern::monitoring {

enum class ConceptState { kYes, kNo, kUndecided, kNoLabels };
/// "yes", "no", "undecided", "no_labels".
std::string_view ConceptStateName(ConceptState state);

struct ConceptVerdict {
  ConceptState state = ConceptState::kNoLabels;
  std::string reason;
};

/// The evidence on labelled rows of one side (hold-out or production).
struct LabelledScores {
  std::vector<double> probabilities;  // of the positive class
  std::vector<uint8_t> positive;      // the label: 1 = positive
};

/// The deciding metric on both sides, for the sentence and for telling a fall that the scores
/// foresaw.
struct PerformanceChange {
  std::string metric;
  bool higher_is_better = true;
  stats::Interval reference;  // hold-out
  stats::Interval realised;
  stats::Interval expected;  // from the scores alone; NaN: not known
};

struct ConceptOptions {
  double alpha = 0.05;
  /// Least change that counts, in probability: of the outcome's rate at equal scores, and of the
  /// error rate beyond what the scores foresaw.
  double material = 0.1;
  /// "no" needs intervals that exclude changes of this size.
  double resolution = 0.15;
  /// The same two for regression, in standard deviations of the hold-out's residuals.
  double material_sd = 0.5;
  double resolution_sd = 1;
  /// Least change of the calibration slope that counts.
  double material_slope = 0.5;
  size_t min_rows = 30;
  double threshold = 0.5;  // of the decision, for errors
  /// Model inputs that are (nearly) absent from this batch: a "yes" says that their loss may be a
  /// part of it.
  std::vector<std::string> lost_columns;
};

/// Binary classification. Tests, Holm-adjusted: calibration in the large (mean of label - score,
/// against the hold-out's), calibration slope (logistic recalibration, against the hold-out's)
/// where both classes have 10 rows, and errors beyond the scores' own expectation. Without hold-out
/// rows the scores are taken for calibrated. kInvalidArgument: lengths differ, or a probability
/// outside of [0, 1].
Result<ConceptVerdict> JudgeBinaryConcept(const LabelledScores& reference,
                                          const LabelledScores& current,
                                          const PerformanceChange& performance,
                                          const ConceptOptions& options);

/// Several classes: errors beyond 1 - greatest probability. One entry per labelled row.
struct LabelledHits {
  std::vector<double> confidence;  // probability of the predicted class
  std::vector<uint8_t> hit;        // 1 = the prediction was right
};
Result<ConceptVerdict> JudgeMulticlassConcept(const LabelledHits& reference,
                                              const LabelledHits& current,
                                              const PerformanceChange& performance,
                                              const ConceptOptions& options);

/// Regression: residuals label - prediction of both sides; their mean and their mean absolute size
/// by Welch's t test, in units of the hold-out's residual standard deviation. Undecided where that
/// is 0 or unknown.
Result<ConceptVerdict> JudgeRegressionConcept(const std::vector<double>& reference_residuals,
                                              const std::vector<double>& current_residuals,
                                              const PerformanceChange& performance,
                                              const ConceptOptions& options);

}  // namespace quern::monitoring
