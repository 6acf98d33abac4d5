#include "training/spec.h"

#include "base/text.h"
#include "base/yaml.h"
#include "ml/fit.h"
#include "ml/metrics.h"

namespace quern::training {
namespace {

ModelSpec Usual(const std::string& kind) {
  ModelSpec model;
  model.name = kind;
  model.learner.kind = kind;
  return model;
}

/// Words for a task in a message.
std::string_view Described(ml::Task task) {
  switch (task) {
    case ml::Task::kBinary:
      return "has two classes";
    case ml::Task::kMulticlass:
      return "has more than two classes";
    case ml::Task::kRegression:
      return "is a number";
  }
  return "";
}

}  // namespace

TrainingSpec ForTask(TrainingSpec spec, ml::Task task) {
  const bool regression = task == ml::Task::kRegression;
  if (spec.metric.empty()) {
    spec.metric = regression ? "rmse" : task == ml::Task::kMulticlass ? "log_loss" : "roc_auc";
  }
  if (spec.models.empty()) {
    // What an analyst tries first on a table.
    spec.models = {Usual("dummy"), Usual(regression ? "linear" : "logistic"),
                   Usual("gradient_boosting")};
  }
  return spec;
}

Status CheckTask(const TrainingSpec& spec, ml::Task task) {
  const std::string target = "the target " + std::string(Described(task));
  const ml::MetricInfo* metric = ml::FindMetric(spec.metric);
  if (metric == nullptr || !metric->For(task)) {
    return FailAt(spec.metric_where, "metric '" + spec.metric + "' does not fit: " + target,
                  SuggestName(spec.metric, ml::MetricNames(task)));
  }
  for (const ModelSpec& model : spec.models) {
    auto valid = ml::ValidateLearner(model.learner, task);
    if (!valid) return FailAt(model.where, valid.error().message, valid.error().hint);
  }
  if (spec.threshold_where.line > 0 && task != ml::Task::kBinary) {
    return FailAt(spec.threshold_where, "a threshold decides between two classes, but " + target,
                  "remove training.threshold");
  }
  if (spec.balanced_classes && task == ml::Task::kRegression) {
    return FailAt(spec.weight_where, "class_weight weighs classes, but " + target,
                  "remove training.class_weight");
  }
  return {};
}

}  // namespace quern::training
