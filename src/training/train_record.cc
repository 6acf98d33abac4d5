#include <boost/json.hpp>
#include <cmath>

#include "base/text.h"
#include "ml/metrics.h"
#include "model/signature.h"
#include "training/train.h"

namespace quern::training {
namespace {

json::value MetricsJson(const FoldMetrics& metrics, ml::Task task) {
  json::object out;
  for (const std::string& name : ml::MetricNames(task)) {
    const auto found = metrics.find(name);
    if (found == metrics.end()) continue;
    json::array folds;
    double sum = 0, squares = 0, n = 0;
    for (double value : found->second) {
      folds.emplace_back(std::isnan(value) ? json::value(nullptr) : json::value(value));
      if (std::isnan(value)) continue;
      sum += value, squares += value * value, n += 1;
    }
    const double mean = n > 0 ? sum / n : std::nan("");
    // Sample standard deviation over folds.
    const double var = n > 1 ? std::max(0.0, (squares - n * mean * mean) / (n - 1)) : std::nan("");
    out[name] = json::object{{"mean", mean}, {"std", std::sqrt(var)}, {"folds", std::move(folds)}};
  }
  return out;
}

json::array ColumnsJson(const ml::FittedPipeline& fitted) {
  json::array out;
  for (const ml::Feature& feature : fitted.features) {
    out.push_back(json::object{{"name", feature.column}, {"features", feature.width()}});
  }
  return out;
}

}  // namespace

std::string ParamText(const ml::ParamValue& value) {
  if (const auto* number = std::get_if<double>(&value)) return ShortestDouble(*number);
  if (const auto* flag = std::get_if<bool>(&value)) return *flag ? "true" : "false";
  return std::get<std::string>(value);
}

json::value ParamsJson(const ml::Params& params) {
  json::object out;
  for (const auto& [name, value] : params) {
    if (const auto* number = std::get_if<double>(&value)) {
      out[name] = *number;
    } else if (const auto* flag = std::get_if<bool>(&value)) {
      out[name] = *flag;
    } else {
      out[name] = std::get<std::string>(value);
    }
  }
  return out;
}

json::value TrainRecord(const TrainingSpec& spec, const Dataset& dataset,
                        const TrainResult& result) {
  const ml::Task task = dataset.target.task;
  json::array models, trials, classes, warnings;
  for (const std::string& name : dataset.target.classes) classes.emplace_back(name);
  for (const std::string& warning : result.warnings) warnings.emplace_back(warning);
  for (const ModelResult& model : result.models) {
    models.push_back(json::object{{"name", model.name},
                                  {"kind", model.learner.kind},
                                  {"params", ParamsJson(model.learner.params)},
                                  {"tuned", model.tuned},
                                  {"trials", model.trials},
                                  {"metrics", MetricsJson(model.metrics, task)}});
  }
  for (const TrialResult& trial : result.trials) {
    trials.push_back(json::object{{"model", trial.model},
                                  {"number", trial.number},
                                  {"params", ParamsJson(trial.learner.params)},
                                  {"value", trial.value},
                                  {"state", trial.failure.empty() ? "done" : "failed"}});
  }
  return json::object{
      {"task", model::TaskName(task)},
      {"positive", task == ml::Task::kBinary ? json::value(dataset.target.classes.back())
                                             : json::value(nullptr)},
      {"classes", std::move(classes)},
      {"rows", dataset.target.rows()},
      {"holdout_rows", result.holdout.test.size()},
      {"folds", spec.folds},
      {"repeats", spec.repeats},
      {"metric", spec.metric},
      {"higher_is_better", ml::FindMetric(spec.metric)->higher_is_better},
      {"seed", spec.seed},
      {"models", std::move(models)},
      {"trials", std::move(trials)},
      {"selected", result.models[result.selected].name},
      {"baseline", result.models[result.baseline].name},
      {"reason", result.reason},
      {"threshold", result.fitted.threshold},
      {"columns", ColumnsJson(result.fitted)},
      {"split", SplitRecord(spec, dataset, result)},
      {"warnings", std::move(warnings)}};
}

}  // namespace quern::training
