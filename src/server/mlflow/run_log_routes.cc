#include "server/http/respond.h"
#include "server/mlflow/tracking_routes.h"
#include "tracking/names.h"

namespace quern::server::mlflow {
namespace {

tracking::MetricPoint ReadMetric(const Fields& fields) {
  tracking::MetricPoint point;
  point.key = fields.RequiredText("key");
  point.value = fields.RequiredNumber("value");
  point.time_ms = fields.RequiredInt("timestamp");
  point.step = fields.Int("step");
  point.model_id = fields.Text("model_id");
  point.dataset_name = fields.Text("dataset_name");
  point.dataset_digest = fields.Text("dataset_digest");
  return point;
}

Result<net::HttpResponse> LogMetric(const TrackingContext& c, const Args& args) {
  const std::string id = args.RequiredRunId();
  tracking::Batch batch;
  batch.metrics.push_back(ReadMetric(args));
  QUERN_TRY(args.status());
  // In a batch the same checks would speak of metrics[0].
  const tracking::MetricPoint& point = batch.metrics.front();
  QUERN_TRY(tracking::CheckKey(point.key, "name", "Metric name"));
  QUERN_TRY(tracking::CheckTimestamp(point.key, point.value, point.time_ms, "timestamp"));
  QUERN_TRY(c.runs.Log(id, batch));
  return Done();
}

Result<net::HttpResponse> LogParameter(const TrackingContext& c, const Args& args) {
  const std::string id = args.RequiredRunId();
  const std::string key = args.RequiredText("key");
  const std::string value = args.Text("value");
  QUERN_TRY(args.status());
  QUERN_TRY(c.runs.LogParam(id, key, value));
  return Done();
}

Result<net::HttpResponse> SetRunTag(const TrackingContext& c, const Args& args) {
  const std::string id = args.RequiredRunId();
  const std::string key = args.RequiredText("key");
  const std::string value = args.Text("value");
  QUERN_TRY(args.status());
  QUERN_TRY(tracking::CheckKey(key, "key"));
  tracking::Batch batch;
  batch.tags.emplace_back(key, value);
  QUERN_TRY(c.runs.Log(id, batch));
  return Done();
}

Result<net::HttpResponse> DeleteRunTag(const TrackingContext& c, const Args& args) {
  const std::string id = args.RequiredRunId();
  const std::string key = args.RequiredText("key");
  QUERN_TRY(args.status());
  QUERN_TRY(c.runs.DeleteTag(id, key));
  return Done();
}

std::vector<std::pair<std::string, std::string>> ReadList(const Args& args, std::string_view key) {
  std::vector<std::pair<std::string, std::string>> pairs;
  for (const Fields& item : args.Items(key)) {
    pairs.emplace_back(item.RequiredText("key"), item.Text("value"));
  }
  return pairs;
}

Result<net::HttpResponse> LogBatch(const TrackingContext& c, const Args& args) {
  const std::string id = args.RequiredRunId();
  tracking::Batch batch;
  for (const Fields& metric : args.Items("metrics")) batch.metrics.push_back(ReadMetric(metric));
  batch.params = ReadList(args, "params");
  batch.tags = ReadList(args, "tags");
  QUERN_TRY(args.status());
  QUERN_TRY(c.runs.Log(id, batch));
  return Done();
}

std::vector<tracking::ModelLink> ReadModels(const Args& args) {
  std::vector<tracking::ModelLink> models;
  for (const Fields& item : args.Items("models")) {
    models.push_back({item.RequiredText("model_id"), item.Int("step")});
  }
  return models;
}

Result<net::HttpResponse> LogInputs(const TrackingContext& c, const Args& args) {
  const std::string id = args.RequiredRunId();
  std::vector<tracking::DatasetInput> inputs;
  for (const Fields& item : args.Items("datasets")) {
    tracking::DatasetInput input;
    input.tags = ReadPairs(item, "tags");
    const Fields dataset = item.Object("dataset");
    input.dataset.name = dataset.RequiredText("name");
    input.dataset.digest = dataset.RequiredText("digest");
    input.dataset.source_type = dataset.RequiredText("source_type");
    input.dataset.source = dataset.RequiredText("source");
    input.dataset.schema = dataset.MaybeText("schema");
    input.dataset.profile = dataset.MaybeText("profile");
    inputs.push_back(std::move(input));
  }
  const std::vector<tracking::ModelLink> models = ReadModels(args);
  QUERN_TRY(args.status());
  QUERN_TRY(c.runs.LogInputs(id, inputs, models));
  return Done();
}

Result<net::HttpResponse> LogOutputs(const TrackingContext& c, const Args& args) {
  const std::string id = args.RequiredRunId();
  if (!args.Has("models")) args.Missing("models");
  const std::vector<tracking::ModelLink> models = ReadModels(args);
  QUERN_TRY(args.status());
  QUERN_TRY(c.runs.LogOutputs(id, models));
  return Done();
}

}  // namespace

std::vector<ApiRoute> RunLogRoutes(const TrackingContext& c) {
  return {
      {"POST", "/mlflow/runs/log-metric", "one value of a metric", Bind(c, LogMetric)},
      {"POST", "/mlflow/runs/log-parameter", "one parameter, written once", Bind(c, LogParameter)},
      {"POST", "/mlflow/runs/set-tag", "sets a tag of a run", Bind(c, SetRunTag)},
      {"POST", "/mlflow/runs/delete-tag", "removes a tag of a run", Bind(c, DeleteRunTag)},
      {"POST", "/mlflow/runs/log-batch", "metrics, parameters and tags in one transaction",
       Bind(c, LogBatch)},
      {"POST", "/mlflow/runs/log-inputs", "datasets and models that a run read",
       Bind(c, LogInputs)},
      {"POST", "/mlflow/runs/outputs", "models that a run made", Bind(c, LogOutputs)},
      {"POST", "/mlflow/runs/log-model", "a model in the form of MLflow 2 clients",
       Bind(c, LogModel)},
  };
}

}  // namespace quern::server::mlflow
