#include "training/folds.h"

#include <algorithm>
#include <cmath>

#include "base/time.h"
#include "ml/metrics.h"

namespace quern::training {

std::vector<Fold> CutFolds(const Dataset& dataset, const std::vector<ml::Split>& splits) {
  std::vector<Fold> folds;
  folds.reserve(splits.size());
  for (const ml::Split& split : splits) {
    folds.push_back({dataset.rows.Take(split.train), dataset.rows.Take(split.test),
                     dataset.target.Take(split.train), dataset.target.Take(split.test)});
  }
  return folds;
}

std::vector<double> ClassWeights(const TrainingSpec& spec, const ml::Target& target) {
  if (!spec.balanced_classes || target.task == ml::Task::kRegression) return {};
  // scikit-learn's "balanced": n / (classes * count of the class).
  std::vector<double> counts(target.classes.size(), 0);
  for (uint32_t index : target.index) counts[index] += 1;
  std::vector<double> weights;
  for (double count : counts) {
    weights.push_back(count == 0 ? 1
                                 : static_cast<double>(target.index.size()) /
                                       (static_cast<double>(counts.size()) * count));
  }
  return weights;
}

Result<FoldOutcome> RunFold(const TrainingSpec& spec, const ml::PrepSpec& prep,
                            const ml::LearnerSpec& learner, const Fold& fold, uint64_t seed,
                            const CancelToken* cancel) {
  const double start = MonotonicSeconds();
  ml::FitOptions options;
  options.seed = seed;
  options.class_weights = ClassWeights(spec, fold.train_target);
  options.cancel = cancel;
  QUERN_ASSIGN(const ml::FittedPipeline fitted,
               ml::Fit(prep, learner, fold.train_rows, fold.train_target, options));
  FoldOutcome outcome;
  QUERN_ASSIGN(outcome.scores, ml::Score(fitted, fold.test_rows));
  for (const std::string& name : ml::MetricNames(fold.test_target.task)) {
    QUERN_ASSIGN(outcome.metrics[name], ml::Metric(name, fold.test_target, outcome.scores));
  }
  outcome.seconds = MonotonicSeconds() - start;
  return outcome;
}

namespace {

struct Counts {
  double tp = 0, fp = 0, fn = 0, tn = 0;
};

double Goodness(ThresholdRule rule, const Counts& c) {
  const double recall = c.tp + c.fn > 0 ? c.tp / (c.tp + c.fn) : 0;
  if (rule == ThresholdRule::kMaxF1) {
    return 2 * c.tp + c.fp + c.fn > 0 ? 2 * c.tp / (2 * c.tp + c.fp + c.fn) : 0;
  }
  const double fpr = c.fp + c.tn > 0 ? c.fp / (c.fp + c.tn) : 0;
  return recall - fpr;
}

}  // namespace

double ChooseThreshold(const TrainingSpec& spec, const std::vector<double>& scores,
                       const std::vector<uint32_t>& labels) {
  if (spec.threshold_rule == ThresholdRule::kFixed || scores.empty()) return spec.threshold;
  std::vector<size_t> order(scores.size());
  for (size_t i = 0; i < order.size(); ++i) order[i] = i;
  std::sort(order.begin(), order.end(), [&](size_t a, size_t b) { return scores[a] > scores[b]; });
  Counts counts;
  for (uint32_t label : labels) (label == 1 ? counts.fn : counts.tn) += 1;
  const double positives = counts.fn;
  double best = -1;
  double threshold = spec.threshold;
  for (size_t i = 0; i < order.size(); ++i) {
    (labels[order[i]] == 1 ? counts.tp : counts.fp) += 1;
    (labels[order[i]] == 1 ? counts.fn : counts.tn) -= 1;
    const bool tied = i + 1 < order.size() && scores[order[i]] == scores[order[i + 1]];
    if (tied) continue;
    // Halfway to the next lower score, so that equal scores elsewhere fall on the same side.
    const double here =
        i + 1 < order.size() ? (scores[order[i]] + scores[order[i + 1]]) / 2 : scores[order[i]];
    if (spec.threshold_rule == ThresholdRule::kRecall) {
      if (counts.tp >= spec.threshold_recall * positives) return here;
      continue;
    }
    const double goodness = Goodness(spec.threshold_rule, counts);
    if (goodness > best) {
      best = goodness;
      threshold = here;
    }
  }
  return threshold;
}

}  // namespace quern::training
