#include <cmath>
#include <limits>
#include <set>

#include "base/text.h"
#include "tracking/metric_series.h"
#include "tracking/names.h"
#include "tracking/rows.h"
#include "tracking/run_rows.h"
#include "tracking/runs.h"

namespace quern::tracking {
namespace {

using store::Row;

std::string At(const char* list, size_t i, const char* field) {
  return std::string(list) + "[" + std::to_string(i) + "]." + field;
}

Status CheckSizes(const Batch& batch) {
  const auto check = [](size_t count, size_t limit, const std::string& what) -> Status {
    if (count <= limit) return {};
    return Fail(Code::kInvalidArgument,
                "A batch logging request can contain at most " + std::to_string(limit) + " " +
                    what + ". Got " + std::to_string(count) + " " + what + ". Please split up " +
                    what + " across multiple requests and try again.");
  };
  QUERN_TRY(check(batch.metrics.size(), kMaxBatchMetrics, "metrics"));
  QUERN_TRY(check(batch.params.size(), kMaxBatchParams, "params"));
  QUERN_TRY(check(batch.tags.size(), kMaxBatchTags, "tags"));
  return check(batch.metrics.size() + batch.params.size() + batch.tags.size(), kMaxBatch,
               "metrics, params, and tags");
}

Status CheckNames(const Batch& batch) {
  for (size_t i = 0; i < batch.metrics.size(); ++i) {
    const MetricPoint& point = batch.metrics[i];
    QUERN_TRY(CheckKey(point.key, At("metrics", i, "name"), "Metric name"));
    QUERN_TRY(CheckTimestamp(point.key, point.value, point.time_ms, At("metrics", i, "timestamp")));
  }
  for (size_t i = 0; i < batch.params.size(); ++i) {
    QUERN_TRY(CheckKey(batch.params[i].first, At("params", i, "key"), "Param key"));
  }
  for (size_t i = 0; i < batch.tags.size(); ++i) {
    QUERN_TRY(CheckKey(batch.tags[i].first, At("tags", i, "key")));
  }
  std::set<std::string> seen, twice;
  for (const auto& [key, value] : batch.params) {
    if (!seen.insert(key).second) twice.insert("'" + key + "'");
  }
  if (twice.empty()) return {};
  const std::vector<std::string> keys(twice.begin(), twice.end());
  return Fail(Code::kInvalidArgument,
              "Duplicate parameter keys have been submitted: [" + Join(keys, ", ") +
                  "]. Please ensure the request contains only one param value per param key.");
}

std::unexpected<Error> ParamsChanged(const std::string& run_id,
                                     const std::vector<ParamConflict>& conflicts) {
  std::vector<std::string> parts;
  for (const ParamConflict& conflict : conflicts) {
    parts.push_back("{'key': '" + conflict.key + "', 'old_value': '" + conflict.before +
                    "', 'new_value': '" + conflict.wanted + "'}");
  }
  return Fail(Code::kInvalidArgument,
              "Changing param values is not allowed. Params were already logged='[" +
                  Join(parts, ", ") + "]' for run ID='" + run_id + "'.");
}

Status CheckDataset(const DatasetInput& input) {
  const Dataset& dataset = input.dataset;
  QUERN_TRY(CheckLength(dataset.name, kMaxDatasetName, "name"));
  QUERN_TRY(CheckLength(dataset.digest, kMaxDatasetDigest, "digest"));
  QUERN_TRY(CheckLength(dataset.source, kMaxDatasetSource, "source"));
  QUERN_TRY(CheckLength(dataset.schema.value_or(""), kMaxDatasetSchema, "schema"));
  QUERN_TRY(CheckLength(dataset.profile.value_or(""), kMaxDatasetProfile, "profile"));
  for (const auto& [key, value] : input.tags) {
    QUERN_TRY(CheckLength(key, kMaxInputTagKey, "tags.key"));
    QUERN_TRY(CheckLength(value, kMaxInputTagValue, "tags.value"));
  }
  return {};
}

}  // namespace

Status LinkModels(store::Database& db, int64_t run, const char* direction,
                  const std::vector<ModelLink>& models) {
  for (const ModelLink& model : models) {
    QUERN_TRY(CheckLength(model.model_id, kMaxReference, "model_id"));
    QUERN_TRY(
        db.Execute("INSERT INTO run_models(run, direction, model_id, step) VALUES (?, ?, ?, ?) "
                   "ON CONFLICT(run, direction, model_id) DO UPDATE SET step = excluded.step",
                   {run, std::string(direction), model.model_id, model.step}));
  }
  return {};
}

Status LinkDataset(store::Database& db, const RunInfo& run, const DatasetInput& input) {
  const Dataset& dataset = input.dataset;
  int64_t num = 0, link = 0;
  QUERN_TRY(db.Execute(
      "INSERT INTO datasets(experiment_id, name, digest, source_type, source, schema, profile) "
      "VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
      {run.experiment_id, dataset.name, dataset.digest, dataset.source_type, dataset.source,
       OrNull(dataset.schema), OrNull(dataset.profile)}));
  QUERN_TRY(db.Query("SELECT num FROM datasets WHERE experiment_id = ? AND name = ? AND digest = ?",
                     {run.experiment_id, dataset.name, dataset.digest},
                     [&](const Row& row) { num = row.Int(0); }));
  QUERN_TRY(db.Execute("INSERT INTO run_inputs(run, dataset) VALUES (?, ?) ON CONFLICT DO NOTHING",
                       {run.num, num}));
  QUERN_TRY(db.Query("SELECT num FROM run_inputs WHERE run = ? AND dataset = ?", {run.num, num},
                     [&](const Row& row) { link = row.Int(0); }));
  for (const auto& [key, value] : input.tags) {
    QUERN_TRY(SetText(db, "run_input_tags", "input", link, key, value));
  }
  return {};
}

Result<std::vector<ParamConflict>> AddParams(
    store::Database& db, int64_t run,
    const std::vector<std::pair<std::string, std::string>>& params) {
  std::vector<ParamConflict> conflicts;
  for (const auto& [key, value] : params) {
    const std::string kept(CutTo(value, kMaxParamValue));
    bool added = false;
    QUERN_TRY(
        db.Query("INSERT INTO run_params(run, key, value) VALUES (?, ?, ?) "
                 "ON CONFLICT DO NOTHING RETURNING 1",
                 {run, key, kept}, [&](const Row&) { added = true; }));
    if (added) continue;
    QUERN_TRY(db.Query("SELECT value FROM run_params WHERE run = ? AND key = ?", {run, key},
                       [&](const Row& row) {
                         if (row.Text(0) != kept) conflicts.push_back({key, row.Text(0), kept});
                       }));
  }
  return conflicts;
}

std::string ParamChanged(const std::string& run_id, const ParamConflict& conflict) {
  return "Changing param values is not allowed. Param with key='" + conflict.key +
         "' was already logged with value='" + conflict.before + "' for run ID='" + run_id +
         "'. Attempted logging new value '" + conflict.wanted + "'.";
}

Status Runs::Log(const std::string& id, const Batch& batch) {
  QUERN_TRY(CheckSizes(batch));
  QUERN_TRY(CheckNames(batch));
  std::map<std::string, std::vector<Point>> points;
  std::vector<MetricPoint> of_models;
  for (const MetricPoint& point : batch.metrics) {
    points[point.key].push_back({point.time_ms, point.step, Bounded(point.value)});
    if (!point.model_id.empty()) of_models.push_back(point);
  }
  return db_.Write([&]() -> Status {
    QUERN_ASSIGN(const RunInfo run, Active(id));
    QUERN_ASSIGN(const auto conflicts, AddParams(db_, run.num, batch.params));
    if (!conflicts.empty()) return ParamsChanged(id, conflicts);
    QUERN_TRY(AppendPoints(db_, run.num, points));
    QUERN_TRY(LogModelMetrics(db_, id, of_models));
    QUERN_TRY(SetTags(run, batch.tags));
    return BumpRun(db_, run.num);
  });
}

Status Runs::LogParam(const std::string& id, const std::string& key, const std::string& value) {
  QUERN_TRY(CheckKey(key, "key", "Param key"));
  return db_.Write([&]() -> Status {
    QUERN_ASSIGN(const RunInfo run, Active(id));
    QUERN_ASSIGN(const auto conflicts, AddParams(db_, run.num, {{key, value}}));
    if (conflicts.empty()) return BumpRun(db_, run.num);
    return Fail(Code::kInvalidArgument, ParamChanged(id, conflicts[0]));
  });
}

Status Runs::LogModel(const std::string& id, const std::string& entry) {
  return db_.Write([&]() -> Status {
    QUERN_ASSIGN(const RunInfo run, Active(id));
    // One statement: nobody else's entry can come between reading the list and writing it.
    QUERN_TRY(db_.Execute(
        "INSERT INTO run_tags(run, key, value) VALUES (?, 'mlflow.log-model.history', ?) "
        "ON CONFLICT(run, key) DO UPDATE SET value = CASE WHEN run_tags.value LIKE '[{%}]' "
        "THEN substr(run_tags.value, 1, length(run_tags.value) - 1) || ',' || "
        "substr(excluded.value, 2) ELSE excluded.value END",
        {run.num, "[" + entry + "]"}));
    return BumpRun(db_, run.num);
  });
}

Status Runs::LogInputs(const std::string& id, const std::vector<DatasetInput>& datasets,
                       const std::vector<ModelLink>& models) {
  for (const DatasetInput& input : datasets) QUERN_TRY(CheckDataset(input));
  return db_.Write([&]() -> Status {
    QUERN_ASSIGN(const RunInfo run, Active(id));
    for (const DatasetInput& input : datasets) QUERN_TRY(LinkDataset(db_, run, input));
    QUERN_TRY(LinkModels(db_, run.num, "input", models));
    return BumpRun(db_, run.num);
  });
}

Status Runs::LogOutputs(const std::string& id, const std::vector<ModelLink>& models) {
  return db_.Write([&]() -> Status {
    QUERN_ASSIGN(const RunInfo run, Active(id));
    QUERN_TRY(LinkModels(db_, run.num, "output", models));
    return BumpRun(db_, run.num);
  });
}

}  // namespace quern::tracking
