#pragma once
// What `training:` and `evaluation:` of a project declare. Plain values, parsed in pipeline/.
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/result.h"
#include "ml/search.h"
#include "ml/spec.h"

namespace quern::training {

struct ModelSpec {
  std::string name;  // the key in `models:`
  ml::LearnerSpec learner;
  ml::Space tune;  // empty: fitted with its parameters as they are
  Position where;
};

struct TuneSpec {
  std::string sampler = "tpe";
  size_t trials = 20;  // per tuned model, the first one being its declared or default parameters
};

/// How the decision threshold of a binary model is found, on out-of-fold scores of the training
/// rows.
enum class ThresholdRule { kFixed, kMaxF1, kYouden, kRecall };

struct TrainingSpec {
  uint64_t seed = 0;
  double test = 0.2;
  bool stratify = true;
  size_t folds = 5;
  size_t repeats = 1;
  std::string metric;             // what selection and tuning optimise; "" = usual for the task
  std::vector<ModelSpec> models;  // empty = usual for the task
  TuneSpec tune;
  bool balanced_classes = false;
  ThresholdRule threshold_rule = ThresholdRule::kFixed;
  double threshold = 0.5;       // kFixed
  double threshold_recall = 0;  // kRecall: the highest threshold that keeps this recall
  // Where they are declared; line 0 = nowhere.
  Position metric_where;
  Position threshold_where;
  Position weight_where;
};

/// The spec with what it leaves open filled in, once the task is known: roc_auc, log_loss or rmse;
/// dummy, the linear model of the task and gradient boosting.
TrainingSpec ForTask(TrainingSpec spec, ml::Task task);

/// kInvalidArgument, at the declaration: a metric or a model that does not do this task, a
/// threshold without two classes, class weights without classes.
Status CheckTask(const TrainingSpec& spec, ml::Task task);

/// One way to cut the hold-out: by category, or a numeric column into bands at `cuts`.
struct SliceSpec {
  std::string column;
  std::vector<double> cuts;
};

struct EvaluationSpec {
  std::vector<SliceSpec> slices;
  size_t resamples = 1000;
  size_t importance_repeats = 10;
};

}  // namespace quern::training
