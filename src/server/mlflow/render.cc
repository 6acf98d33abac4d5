#include "server/mlflow/render.h"

#include <algorithm>
#include <cmath>

#include "server/mlflow/json_out.h"

namespace quern::server::mlflow {
namespace {

constexpr std::string_view kActive = "active";
constexpr std::string_view kDeleted = "deleted";

bool Wanted(const std::vector<std::string>& keys, const std::string& key) {
  return keys.empty() || std::find(keys.begin(), keys.end(), key) != keys.end();
}

/// `[{"key", "value"}]` of those that are wanted; left out if there is none.
void Pairs(ObjectOut& object, std::string_view name, const tracking::Texts& pairs,
           const std::vector<std::string>& keys) {
  if (keys.empty()) return object.PairsIfAny(name, pairs);
  tracking::Texts wanted;
  for (const std::string& key : keys) {
    if (auto found = pairs.find(key); found != pairs.end()) wanted.insert(*found);
  }
  object.PairsIfAny(name, wanted);
}

void AppendSummary(std::string* out, const tracking::MetricSummary& metric) {
  ObjectOut object(out);
  object.Text("key", metric.key);
  object.Number("value", metric.value);
  object.Int("timestamp", metric.time_ms);
  object.Int("step", metric.step);
}

void AppendData(std::string* out, const tracking::Run& run, const RunView& view) {
  ObjectOut object(out);
  std::vector<tracking::MetricSummary> some;
  const std::vector<tracking::MetricSummary>* metrics = &run.metrics;
  if (!view.metrics.empty()) {
    std::copy_if(run.metrics.begin(), run.metrics.end(), std::back_inserter(some),
                 [&](const auto& metric) { return Wanted(view.metrics, metric.key); });
    metrics = &some;
  }
  if (view.fields.metrics) {
    object.ListIfAny("metrics", *metrics, [&](const auto& metric) { AppendSummary(out, metric); });
  }
  if (view.fields.params) Pairs(object, "params", run.params, view.params);
  if (view.fields.tags) Pairs(object, "tags", run.tags, view.tags);
}

void AppendDatasetInput(std::string* out, const tracking::DatasetInput& input) {
  ObjectOut object(out);
  object.PairsIfAny("tags", input.tags);
  ObjectOut dataset(object.Name("dataset"));
  dataset.Text("name", input.dataset.name);
  dataset.Text("digest", input.dataset.digest);
  dataset.Text("source_type", input.dataset.source_type);
  dataset.Text("source", input.dataset.source);
  dataset.TextIfSet("schema", input.dataset.schema.value_or(""));
  dataset.TextIfSet("profile", input.dataset.profile.value_or(""));
}

void AppendInputs(std::string* out, const tracking::Run& run) {
  ObjectOut object(out);
  object.ListIfAny("dataset_inputs", run.dataset_inputs,
                   [&](const auto& input) { AppendDatasetInput(out, input); });
  object.ListIfAny("model_inputs", run.model_inputs, [&](const auto& link) {
    ObjectOut model(out);
    model.Text("model_id", link.model_id);
  });
}

void AppendOutputs(std::string* out, const tracking::Run& run) {
  ObjectOut object(out);
  object.ListIfAny("model_outputs", run.model_outputs, [&](const auto& link) {
    ObjectOut model(out);
    model.Text("model_id", link.model_id);
    model.Int("step", link.step);
  });
}

}  // namespace

void AppendExperiment(std::string* out, const tracking::Experiment& experiment) {
  ObjectOut object(out);
  object.Text("experiment_id", std::to_string(experiment.id));
  object.Text("name", experiment.name);
  object.Text("artifact_location", experiment.artifact_location);
  object.Text("lifecycle_stage", experiment.deleted ? kDeleted : kActive);
  object.Int("last_update_time", experiment.updated_ms);
  object.Int("creation_time", experiment.created_ms);
  object.PairsIfAny("tags", experiment.tags);
}

void AppendRunInfo(std::string* out, const tracking::RunInfo& info) {
  ObjectOut object(out);
  object.Text("run_uuid", info.id);
  object.Text("experiment_id", std::to_string(info.experiment_id));
  object.Text("run_name", info.name);
  object.Text("user_id", info.user_id);
  object.Text("status", info.status);
  object.Int("start_time", info.start_ms);
  if (info.end_ms) object.Int("end_time", *info.end_ms);
  object.TextIfSet("artifact_uri", info.artifact_uri);
  object.Text("lifecycle_stage", info.deleted ? kDeleted : kActive);
  object.Text("run_id", info.id);
}

void AppendRun(std::string* out, const tracking::Run& run, const RunView& view) {
  ObjectOut object(out);
  AppendRunInfo(object.Name("info"), run.info);
  AppendData(object.Name("data"), run, view);
  if (view.inputs) AppendInputs(object.Name("inputs"), run);
  if (view.outputs) AppendOutputs(object.Name("outputs"), run);
}

void AppendMetric(std::string* out, const tracking::MetricPoint& point, std::string_view run_id) {
  ObjectOut object(out);
  object.Text("key", point.key);
  object.Number("value", point.value);
  object.Int("timestamp", point.time_ms);
  object.Int("step", point.step);
  object.TextIfSet("model_id", point.model_id);
  object.TextIfSet("dataset_name", point.dataset_name);
  object.TextIfSet("dataset_digest", point.dataset_digest);
  object.TextIfSet("run_id", run_id);
}

void AppendLoggedModel(std::string* out, const tracking::LoggedModel& model) {
  ObjectOut object(out);
  {
    ObjectOut info(object.Name("info"));
    info.Text("model_id", model.id);
    info.Text("experiment_id", std::to_string(model.experiment_id));
    info.Text("name", model.name);
    info.Int("creation_timestamp_ms", model.created_ms);
    info.Int("last_updated_timestamp_ms", model.updated_ms);
    info.Text("artifact_uri", model.artifact_uri);
    info.Text("status", model.status);
    info.TextIfSet("model_type", model.model_type);
    info.TextIfSet("source_run_id", model.source_run_id);
    info.TextIfSet("status_message", model.status_message);
    info.PairsIfAny("tags", model.tags);
  }
  ObjectOut data(object.Name("data"));
  data.PairsIfAny("params", model.params);
  data.ListIfAny("metrics", model.metrics,
                 [&](const auto& metric) { AppendMetric(out, metric.point, metric.run_id); });
}

}  // namespace quern::server::mlflow
