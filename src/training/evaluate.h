#pragma once
// Judgement on rows that took no part in training. Scores come from a function, so that what is
// judged is the packaged graph itself and not a second implementation.
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/cancel.h"
#include "base/json.h"
#include "base/result.h"
#include "design/charter.h"
#include "design/gate.h"
#include "stats/interval.h"
#include "stats/paired.h"
#include "training/spec.h"
#include "training/train.h"

namespace quern::training {

/// Scores raw rows. Must be deterministic and thread-safe.
using ScoreFn = std::function<Result<ml::Scores>(const Frame&)>;

struct SliceResult {
  std::string by;
  std::string value;
  size_t count = 0;
  std::map<std::string, stats::Interval> metrics;
};

struct ImportanceResult {
  std::string column;
  stats::Interval
      drop;  // of the selection metric when the column is shuffled; more = more important
};

struct Evaluation {
  std::map<std::string, stats::Interval> metrics;
  ml::Scores scores;
  std::vector<SliceResult> slices;
  std::vector<ImportanceResult> importance;  // most important first
};

struct EvaluateOptions {
  uint64_t seed = 0;
  /// The same rows with the columns to slice by, where `rows` holds the model's inputs alone.
  const Frame* slice_rows = nullptr;
  const CancelToken* cancel = nullptr;
};

/// Metrics with stratified bootstrap intervals, slices, and permutation importance of every column
/// of `rows`.
Result<Evaluation> Evaluate(const EvaluationSpec& spec, const std::string& metric,
                            const Frame& rows, const ml::Target& target, const ScoreFn& score,
                            const EvaluateOptions& options);

/// Every metric of the task with its interval: stratified percentile bootstrap.
Result<std::map<std::string, stats::Interval>> MetricIntervals(const ml::Target& target,
                                                               const ml::Scores& scores,
                                                               size_t resamples, uint64_t seed);

/// Paired test of two score sets on the same rows: DeLong for ROC AUC of binary targets, McNemar
/// for accuracy, else the paired bootstrap. Losses are negated, so that a positive difference is
/// better.
Result<stats::PairedResult> ComparePaired(const std::string& metric, const ml::Target& target,
                                          const ml::Scores& a, const ml::Scores& b,
                                          const stats::Hypothesis& hypothesis, size_t resamples,
                                          uint64_t seed);

struct HypothesisVerdict {
  std::string verdict;  // supported, refuted, undecided
  stats::PairedResult test;
};
/// On the folds of cross-validation: Nadeau and Bengio's corrected t test. Supported when the
/// interval of the difference lies above the margin, refuted when it lies below, else undecided.
Result<HypothesisVerdict> JudgeHypothesis(const design::Hypothesis& hypothesis,
                                          const TrainResult& training, const TrainingSpec& spec);

/// What the evidence suggests to do next, most useful first.
std::vector<std::string> NextSteps(const Evaluation& evaluation, const ml::Target& target,
                                   const std::vector<design::Gate>& gates,
                                   const std::optional<HypothesisVerdict>& hypothesis,
                                   const TrainingSpec& spec, double threshold);

/// All that the record of the evaluate step needs.
struct EvaluationReport {
  std::string model;
  double threshold = 0.5;
  Evaluation evaluation;
  std::string baseline;  // "" if there is no simpler model
  stats::PairedResult comparison;
  std::vector<design::Gate> gates;
  std::optional<design::Hypothesis> hypothesis;
  std::optional<HypothesisVerdict> verdict;
  std::vector<std::string> next_steps;
  size_t holdout_uses = 1;
  std::string metric;
};
/// records.md "evaluate".
json::value EvaluationRecord(const EvaluationReport& report, const ml::Target& target);

/// The metrics part alone, for `quern evaluate` on a file of predictions.
json::value MetricsRecord(const std::map<std::string, stats::Interval>& metrics);
/// Curves, tables and histograms that depend on target and scores only.
void AddCurves(const ml::Target& target, const ml::Scores& scores, json::object& record);

json::value IntervalJson(const stats::Interval& interval);

}  // namespace quern::training
