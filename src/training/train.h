#pragma once
// Cross-validation, tuning and selection. Everything is fitted on training rows of a fold alone;
// the hold-out is set aside before anything else and touched by evaluation only.
#include <map>
#include <string>
#include <vector>

#include "base/cancel.h"
#include "base/json.h"
#include "base/progress.h"
#include "base/result.h"
#include "ml/split.h"
#include "training/dataset.h"
#include "training/spec.h"

namespace quern::training {

/// Metric name -> one value per fold.
using FoldMetrics = std::map<std::string, std::vector<double>>;

struct TrialResult {
  std::string model;
  size_t number = 0;
  ml::LearnerSpec learner;
  FoldMetrics metrics;
  double value = 0;  // mean of the selection metric
  double seconds = 0;
  std::string failure;  // why it has no value; "" for a good one
};

struct ModelResult {
  std::string name;
  ml::LearnerSpec learner;  // the best trial's
  bool tuned = false;
  size_t trials = 0;
  FoldMetrics metrics;
  double value = 0;
  double fit_seconds = 0;
};

struct TrainResult {
  ml::Split holdout;             // indices into the dataset
  std::vector<ml::Split> folds;  // indices into the rows that are compared on, holdout.train
  std::vector<ModelResult> models;
  std::vector<TrialResult> trials;
  size_t selected = 0;
  size_t baseline =
      0;  // the simpler model that evaluation compares with; == selected if there is none
  std::string reason;
  ml::FittedPipeline fitted;           // the selected model, on all training rows
  ml::FittedPipeline baseline_fitted;  // the simpler one, on the same rows
  std::vector<std::string> warnings;
};

struct TrainOptions {
  size_t threads = 1;  // results do not depend on it
  const CancelToken* cancel = nullptr;
  Progress* progress = nullptr;
};

/// `spec` names its metric and models (ForTask). An error of the split has no position: what steers
/// it is the caller's to know.
Result<TrainResult> Train(const TrainingSpec& spec, const ml::PrepSpec& prep,
                          const Dataset& dataset, const TrainOptions& options);

/// What Train() does to the rows that it does not hold out: folds, tuning, selection. Nothing is
/// fitted on all of `rows`: `fitted`, `baseline_fitted` and `holdout` stay empty.
Result<TrainResult> CompareModels(const TrainingSpec& spec, const ml::PrepSpec& prep,
                                  const Dataset& rows, const TrainOptions& options);

/// One fit with known parameters, as retraining does: threshold by the spec's rule on out-of-fold
/// scores.
Result<ml::FittedPipeline> FitOne(const TrainingSpec& spec, const ml::PrepSpec& prep,
                                  const ml::LearnerSpec& learner, const Dataset& dataset,
                                  const TrainOptions& options);

/// Everything but what a run store knows (run ids are added by the caller); records.md "train".
json::value TrainRecord(const TrainingSpec& spec, const Dataset& dataset,
                        const TrainResult& result);

/// How the rows were divided, measured on the splits themselves; records.md "train", `split`.
json::value SplitRecord(const TrainingSpec& spec, const Dataset& dataset,
                        const TrainResult& result);

/// Text of a parameter as runs and reports show it.
std::string ParamText(const ml::ParamValue& value);
json::value ParamsJson(const ml::Params& params);

}  // namespace quern::training
