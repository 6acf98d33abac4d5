#include <algorithm>

#include "base/text.h"
#include "ml/fit.h"
#include "ml/metrics.h"
#include "model/signature.h"
#include "pipeline/project.h"

namespace quern::pipeline {
namespace {

using training::ThresholdRule;

ml::ParamValue ParamOf(const YamlNode& node) {
  if (!node.quoted) {
    if (auto number = ParseDouble(node.scalar)) return *number;
    if (node.scalar == "true") return true;
    if (node.scalar == "false") return false;
  }
  return node.scalar;
}

Result<ml::Space> ParseSpace(const YamlNode& node) {
  if (!node.IsMap()) return FailAt(node.where, "tune must be a map of parameter to range");
  ml::Space space;
  for (const YamlEntry& entry : node.entries) {
    if (entry.value.IsList()) {
      std::vector<ml::ParamValue> choices;
      for (const YamlNode& item : entry.value.items) choices.push_back(ParamOf(item));
      auto range = ml::ChoiceRange(std::move(choices));
      if (!range) return FailAt(entry.value.where, range.error().message, range.error().hint);
      space[entry.key] = *range;
      continue;
    }
    QUERN_ASSIGN(const std::string text, entry.value.AsText());
    auto range = ml::ParseRange(text);
    if (!range) return FailAt(entry.value.where, range.error().message, range.error().hint);
    space[entry.key] = *range;
  }
  return space;
}

/// Puts the model's place on errors of ml/, which knows no files.
template <class T>
Result<T> At(Result<T> result, const Position& where) {
  if (!result && result.error().where.line == 0) {
    Error error = result.error();
    error.where = where;
    return std::unexpected(std::move(error));
  }
  return result;
}

Result<training::ModelSpec> ParseModel(const YamlEntry& entry) {
  training::ModelSpec model;
  model.name = entry.key;
  model.learner.kind = entry.key;
  model.where = entry.where;
  if (!entry.value.IsMap() && !entry.value.IsNull()) {
    return FailAt(entry.value.where, "model '" + entry.key + "' must be a map of parameters",
                  "write " + entry.key + ": {} for its defaults");
  }
  for (const YamlEntry& param : entry.value.entries) {
    if (param.key == "kind") {
      QUERN_ASSIGN(model.learner.kind, param.value.AsText());
    } else if (param.key == "tune") {
      QUERN_ASSIGN(model.tune, ParseSpace(param.value));
    } else {
      if (!param.value.IsScalar()) return FailAt(param.value.where, "a parameter is one value");
      model.learner.params[param.key] = ParamOf(param.value);
    }
  }
  return model;
}

Result<std::vector<training::ModelSpec>> ParseModels(const YamlNode* node,
                                                     const std::string& task) {
  std::vector<training::ModelSpec> models;
  if (node == nullptr || node->IsNull()) return models;
  if (!node->IsMap()) return FailAt(node->where, "models must be a map of name to parameters");
  for (const YamlEntry& entry : node->entries) {
    QUERN_ASSIGN(auto model, ParseModel(entry));
    // The task is inferred from the data later; parameters do not depend on it.
    const ml::Task shape = task == "regression" ? ml::Task::kRegression : ml::Task::kBinary;
    const auto kinds = ml::LearnerKinds();
    if (std::find(kinds.begin(), kinds.end(), model.learner.kind) == kinds.end()) {
      return FailAt(entry.where, "unknown model '" + model.learner.kind + "'",
                    SuggestName(model.learner.kind, kinds));
    }
    const bool regression_only = model.learner.kind == "linear";
    QUERN_ASSIGN(
        model.learner,
        At(ml::ValidateLearner(model.learner, regression_only ? ml::Task::kRegression : shape),
           entry.where));
    if (auto space = ml::ValidateSpace(model.learner.kind, model.tune); !space) {
      return FailAt(entry.where, space.error().message, space.error().hint);
    }
    models.push_back(std::move(model));
  }
  if (models.empty()) return FailAt(node->where, "models is empty", "add logistic: {}");
  return models;
}

Status ParseThreshold(const YamlNode* node, training::TrainingSpec& spec) {
  if (node == nullptr) return {};
  spec.threshold_where = node->where;
  if (node->IsMap()) {
    YamlMap map(node, "threshold");
    QUERN_ASSIGN(spec.threshold_recall, map.Number("recall", 0));
    spec.threshold_rule = ThresholdRule::kRecall;
    QUERN_TRY(map.Finish());
    if (!(spec.threshold_recall > 0 && spec.threshold_recall <= 1)) {
      return FailAt(node->where, "recall must be above 0 and at most 1");
    }
    return {};
  }
  QUERN_ASSIGN(const std::string text, node->AsText());
  if (text == "max_f1") {
    spec.threshold_rule = ThresholdRule::kMaxF1;
  } else if (text == "youden") {
    spec.threshold_rule = ThresholdRule::kYouden;
  } else if (auto number = ParseDouble(text); number && *number > 0 && *number < 1) {
    spec.threshold = *number;
  } else {
    return FailAt(node->where, "'" + text + "' is not a threshold",
                  "a number between 0 and 1, max_f1, youden or {recall: 0.9}");
  }
  return {};
}

Status CheckMetricName(const std::string& metric, const Position& where) {
  if (ml::FindMetric(metric) != nullptr) return {};
  std::vector<std::string> known;
  for (const ml::MetricInfo& info : ml::Metrics()) known.push_back(info.name);
  return FailAt(where, "unknown metric '" + metric + "'", SuggestName(metric, known));
}

Result<size_t> Count(YamlMap& map, std::string_view key, int64_t fallback, int64_t least) {
  QUERN_ASSIGN(const int64_t value, map.Int(key, fallback));
  if (value < least) {
    return FailAt(map.Get(key)->where, std::string(key) + " must be at least " +
                                           std::to_string(least) + ", got " +
                                           std::to_string(value));
  }
  return static_cast<size_t>(value);
}

}  // namespace

Result<training::TrainingSpec> ParseTraining(const YamlNode* node, const std::string& task) {
  training::TrainingSpec spec;
  YamlMap map(node, "training");
  map.Get("hypothesis");  // the charter's parser reads it
  QUERN_ASSIGN(const int64_t seed, map.Int("seed", 0));
  spec.seed = static_cast<uint64_t>(seed);
  {
    YamlMap split(map.Get("split"), "split");
    QUERN_ASSIGN(spec.test, split.Number("test", spec.test));
    QUERN_ASSIGN(spec.stratify, split.Bool("stratify", spec.stratify));
    if (!(spec.test > 0 && spec.test < 1)) {
      return FailAt(split.where(),
                    "split.test must be between 0 and 1, got " + ShortestDouble(spec.test));
    }
    QUERN_TRY(split.Finish());
  }
  {
    YamlMap folds(map.Get("cross_validation"), "cross_validation");
    QUERN_ASSIGN(spec.folds, Count(folds, "folds", 5, 2));
    QUERN_ASSIGN(spec.repeats, Count(folds, "repeats", 1, 1));
    QUERN_TRY(folds.Finish());
  }
  {
    YamlMap tune(map.Get("tune"), "tune");
    QUERN_ASSIGN(spec.tune.sampler, tune.Choice("sampler", "tpe", {"tpe", "random"}));
    QUERN_ASSIGN(spec.tune.trials, Count(tune, "trials", 20, 1));
    if (const YamlNode* metric = tune.Get("metric")) {
      QUERN_ASSIGN(spec.metric, metric->AsText());
      spec.metric_where = metric->where;
      QUERN_TRY(CheckMetricName(spec.metric, metric->where));
    }
    QUERN_TRY(tune.Finish());
  }
  QUERN_ASSIGN(const std::string weight, map.Choice("class_weight", "none", {"none", "balanced"}));
  spec.balanced_classes = weight == "balanced";
  if (spec.balanced_classes) spec.weight_where = map.Get("class_weight")->where;
  QUERN_TRY(ParseThreshold(map.Get("threshold"), spec));
  QUERN_ASSIGN(spec.models, ParseModels(map.Get("models"), task));
  QUERN_TRY(map.Finish());
  // Without a declared task the labels decide, and the rest of this is checked with them.
  if (const auto declared = model::ParseTask(task)) {
    spec = training::ForTask(std::move(spec), *declared);
    QUERN_TRY(training::CheckTask(spec, *declared));
  }
  return spec;
}

Result<training::EvaluationSpec> ParseEvaluation(const YamlNode* node) {
  training::EvaluationSpec spec;
  YamlMap map(node, "evaluation");
  if (const YamlNode* slices = map.Get("slices"); slices != nullptr && !slices->IsNull()) {
    if (!slices->IsMap()) {
      return FailAt(slices->where, "slices must be a map of column to cut points",
                    "as in slices: {sex: , age: [45, 55, 65]}");
    }
    for (const YamlEntry& entry : slices->entries) {
      training::SliceSpec slice{entry.key, {}};
      for (const YamlNode& item : entry.value.items) {
        QUERN_ASSIGN(const double cut, item.AsNumber());
        slice.cuts.push_back(cut);
      }
      if (!std::is_sorted(slice.cuts.begin(), slice.cuts.end())) {
        return FailAt(entry.value.where, "cut points of " + entry.key + " must rise");
      }
      spec.slices.push_back(std::move(slice));
    }
  }
  QUERN_ASSIGN(spec.resamples, Count(map, "resamples", 1000, 100));
  QUERN_ASSIGN(spec.importance_repeats, Count(map, "importance_repeats", 10, 2));
  QUERN_TRY(map.Finish());
  return spec;
}

}  // namespace quern::pipeline
