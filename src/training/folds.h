#pragma once
// One learner on many folds, in parallel.
#include <vector>

#include "training/train.h"

namespace quern::training {

/// Data of one fold, cut once and shared by all trials.
struct Fold {
  Frame train_rows;
  Frame test_rows;
  ml::Target train_target;
  ml::Target test_target;
};

std::vector<Fold> CutFolds(const Dataset& dataset, const std::vector<ml::Split>& splits);

/// What one fold of one trial left.
struct FoldOutcome {
  std::map<std::string, double> metrics;
  ml::Scores scores;  // of the test rows
  double seconds = 0;
};

/// Fits on the fold's training rows, scores its test rows, computes every metric of the task.
Result<FoldOutcome> RunFold(const TrainingSpec& spec, const ml::PrepSpec& prep,
                            const ml::LearnerSpec& learner, const Fold& fold, uint64_t seed,
                            const CancelToken* cancel);

std::vector<double> ClassWeights(const TrainingSpec& spec, const ml::Target& target);

/// The threshold by the spec's rule, from out-of-fold probabilities of the positive class.
double ChooseThreshold(const TrainingSpec& spec, const std::vector<double>& scores,
                       const std::vector<uint32_t>& labels);

}  // namespace quern::training
