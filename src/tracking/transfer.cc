#include "tracking/transfer.h"

#include <algorithm>

#include "tracking/metric_series.h"
#include "tracking/names.h"
#include "tracking/rows.h"
#include "tracking/run_rows.h"

namespace quern::tracking {
namespace {

using store::Database;
using store::Param;
using store::Row;

constexpr char kParentRun[] = "mlflow.parentRunId";

Param TextOrNull(const std::string& text) { return text.empty() ? Param() : Param(text); }

Status SetAll(Database& db, const std::string& table, const std::string& owner, int64_t id,
              const Texts& texts) {
  for (const auto& [key, value] : texts) QUERN_TRY(SetText(db, table, owner, id, key, value));
  return {};
}

std::string ParentOf(const Texts& tags) {
  const auto parent = tags.find(kParentRun);
  return parent == tags.end() ? std::string() : parent->second;
}

bool IsGoing(std::string_view status) { return status == "RUNNING" || status == "SCHEDULED"; }

/// All but what `before` has, with the same value.
Texts New(const Texts& texts, const Texts& before) {
  Texts fresh;
  for (const auto& [key, value] : texts) {
    const auto known = before.find(key);
    if (known == before.end() || known->second != value) fresh[key] = value;
  }
  return fresh;
}

/// The points that `known` lacks.
std::vector<Point> New(std::vector<Point> points, std::vector<Point> known) {
  std::sort(known.begin(), known.end(), Before);
  std::erase_if(points, [&](const Point& point) {
    auto [from, to] = std::equal_range(known.begin(), known.end(), point, Before);
    return std::any_of(from, to, [&](const Point& other) { return Same(point, other); });
  });
  return points;
}

bool SameEnd(const RunInfo& a, const RunInfo& b) {
  return a.status == b.status && a.end_ms == b.end_ms && a.name == b.name && a.deleted == b.deleted;
}

Status AddModelMetrics(Database& db, int64_t num, const std::vector<LoggedModel::Metric>& metrics) {
  for (const auto& [point, run_id] : metrics) {
    QUERN_TRY(AddModelMetric(db, num, point, run_id));
  }
  return {};
}

}  // namespace

Result<Placed> Transfer::Place(const Experiment& experiment) {
  QUERN_TRY(CheckExperimentName(experiment.name));
  std::optional<int64_t> named;
  bool taken = false;
  QUERN_TRY(db_.Query("SELECT id, name FROM experiments WHERE name = ? OR id = ?",
                      {experiment.name, experiment.id}, [&](const Row& row) {
                        if (row.Text(1) == experiment.name) named = row.Int(0);
                        if (row.Int(0) == experiment.id) taken = true;
                      }));
  if (named) return Placed{*named, Kept::kUnchanged};
  if (!taken) return Placed{experiment.id, Kept::kAdded};
  // The next number; PutExperiment takes what the database then gives.
  int64_t next = 0;
  QUERN_TRY(db_.Query("SELECT max(id) + 1 FROM experiments", {},
                      [&](const Row& row) { next = row.Int(0); }));
  return Placed{next, Kept::kAdded};
}

Result<Placed> Transfer::PutExperiment(const Experiment& experiment) {
  QUERN_TRY(CheckKeys(experiment.tags, "tags.key"));
  Placed placed;
  QUERN_TRY(db_.Transaction([&]() -> Status {
    QUERN_ASSIGN(placed, Place(experiment));
    Texts tags = experiment.tags;
    if (placed.kept == Kept::kUnchanged) {
      Texts known;
      QUERN_TRY(ReadTexts(db_, "experiment_tags", "experiment_id", placed.id, known));
      for (const auto& [key, value] : known) tags.erase(key);
      return SetAll(db_, "experiment_tags", "experiment_id", placed.id, tags);
    }
    if (placed.id == experiment.id) {
      QUERN_TRY(db_.Execute(
          "INSERT INTO experiments(id, name, artifact_location, lifecycle, created_ms, updated_ms) "
          "VALUES (?, ?, '', 'active', 0, 0)",
          {experiment.id, experiment.name}));
    } else {
      QUERN_ASSIGN(placed.id, experiments_.Create(experiment.name, "", {}));
    }
    // An empty location is read as one below the store's root, and is fixed here.
    QUERN_ASSIGN(const Experiment made, experiments_.Get(placed.id));
    QUERN_TRY(
        db_.Execute("UPDATE experiments SET artifact_location = ?, lifecycle = ?, created_ms = ?, "
                    "updated_ms = ? WHERE id = ?",
                    {experiment.artifact_location.empty() ? made.artifact_location
                                                          : experiment.artifact_location,
                     std::string(experiment.deleted ? "deleted" : "active"), experiment.created_ms,
                     experiment.updated_ms, placed.id}));
    return SetAll(db_, "experiment_tags", "experiment_id", placed.id, tags);
  }));
  return placed;
}

Status Transfer::MoveExperimentArtifacts(int64_t id, const std::string& from) {
  return db_.Transaction([&]() -> Status {
    bool there = false;
    QUERN_TRY(db_.Query(
        "UPDATE experiments SET artifact_location = '' WHERE id = ? AND artifact_location = ? "
        "RETURNING 1",
        {id, from}, [&](const Row&) { there = true; }));
    if (!there) return {};
    QUERN_ASSIGN(const Experiment moved, experiments_.Get(id));
    return db_.Execute("UPDATE experiments SET artifact_location = ? WHERE id = ?",
                       {moved.artifact_location, id});
  });
}

Status Transfer::Check(const RunRecord& record) {
  QUERN_TRY(CheckRunId(record.info.id));
  if (!FindStatus(record.info.status)) {
    return Fail(Code::kInvalidArgument,
                "run " + record.info.id + " has the unknown status '" + record.info.status + "'");
  }
  QUERN_TRY(CheckKeys(record.params, "params.key"));
  QUERN_TRY(CheckKeys(record.tags, "tags.key"));
  for (const auto& [key, points] : record.metrics) QUERN_TRY(CheckKey(key, "metrics.key"));
  return {};
}

Result<std::optional<std::string>> Transfer::RunStatusOf(const std::string& id) {
  std::optional<std::string> status;
  QUERN_TRY(db_.Query("SELECT status FROM runs WHERE id = ?", {id},
                      [&](const Row& row) { status = row.Text(0); }));
  return status;
}

Result<Kept> Transfer::PutRun(const RunRecord& record) {
  QUERN_TRY(Check(record));
  Kept kept = Kept::kAdded;
  QUERN_TRY(db_.Transaction([&]() -> Status {
    QUERN_ASSIGN(const auto status, RunStatusOf(record.info.id));
    if (!status) return AddRun(record);
    kept = Kept::kUnchanged;
    if (!IsGoing(*status)) return {};
    QUERN_ASSIGN(const RunRecord before, GetRun(record.info.id));
    QUERN_TRY(UpdateRun(record, before));
    QUERN_ASSIGN(const RunInfo after, runs_.Info(record.info.id));
    if (after.revision != before.info.revision) kept = Kept::kUpdated;
    return {};
  }));
  return kept;
}

Status Transfer::AddRun(const RunRecord& record) {
  RunInfo info = record.info;
  const std::string parent = ParentOf(record.tags);
  QUERN_TRY(db_.Query(
      "INSERT INTO runs(id, experiment_id, parent_id, name, user_id, status, start_ms, end_ms, "
      "artifact_uri, lifecycle, deleted_ms, revision) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0) "
      "RETURNING num",
      {info.id, info.experiment_id, TextOrNull(parent), info.name, info.user_id, info.status,
       info.start_ms, OrNull(info.end_ms), info.artifact_uri,
       std::string(info.deleted ? "deleted" : "active"), OrNull(record.deleted_ms)},
      [&](const Row& row) { info.num = row.Int(0); }));
  QUERN_TRY(SetAll(db_, "run_params", "run", info.num, record.params));
  QUERN_TRY(SetAll(db_, "run_tags", "run", info.num, record.tags));
  for (const auto& [key, points] : record.metrics) {
    QUERN_TRY(AddSeries(db_, info.num, key, points));
  }
  for (const DatasetInput& input : record.datasets) QUERN_TRY(LinkDataset(db_, info, input));
  QUERN_TRY(LinkModels(db_, info.num, "input", record.model_inputs));
  return LinkModels(db_, info.num, "output", record.model_outputs);
}

Status Transfer::UpdateRun(const RunRecord& record, const RunRecord& before) {
  const RunInfo& info = record.info;
  const int64_t num = before.info.num;
  const Texts tags = New(record.tags, before.tags);
  Texts params = record.params;
  for (const auto& [key, value] : before.params) params.erase(key);
  std::map<std::string, std::vector<Point>> points;
  for (const auto& [key, series] : record.metrics) {
    const auto known = before.metrics.find(key);
    auto fresh = known == before.metrics.end() ? series : New(series, known->second);
    if (!fresh.empty()) points[key] = std::move(fresh);
  }
  const bool links = record.datasets.size() != before.datasets.size() ||
                     record.model_inputs.size() != before.model_inputs.size() ||
                     record.model_outputs.size() != before.model_outputs.size();
  if (tags.empty() && params.empty() && points.empty() && !links && SameEnd(info, before.info)) {
    return {};
  }
  QUERN_TRY(SetAll(db_, "run_params", "run", num, params));
  QUERN_TRY(SetAll(db_, "run_tags", "run", num, tags));
  QUERN_TRY(AppendPoints(db_, num, points));
  for (const DatasetInput& input : record.datasets) {
    QUERN_TRY(LinkDataset(db_, before.info, input));
  }
  QUERN_TRY(LinkModels(db_, num, "input", record.model_inputs));
  QUERN_TRY(LinkModels(db_, num, "output", record.model_outputs));
  return db_.Execute(
      "UPDATE runs SET status = ?, end_ms = ?, name = ?, parent_id = ?, lifecycle = ?, "
      "deleted_ms = ?, revision = revision + 1 WHERE num = ?",
      {info.status, OrNull(info.end_ms), info.name, TextOrNull(ParentOf(record.tags)),
       std::string(info.deleted ? "deleted" : "active"), OrNull(record.deleted_ms), num});
}

Status Transfer::Check(const ModelRecord& record) {
  QUERN_TRY(CheckRunId(record.model.id));
  for (const auto& metric : record.model.metrics) QUERN_TRY(CheckKey(metric.point.key, "metrics"));
  QUERN_TRY(CheckKeys(record.model.params, "params.key"));
  return CheckKeys(record.model.tags, "tags.key");
}

Result<Kept> Transfer::PutModel(const ModelRecord& record) {
  QUERN_TRY(Check(record));
  Kept kept = Kept::kAdded;
  QUERN_TRY(db_.Transaction([&]() -> Status {
    std::optional<std::string> status;
    QUERN_TRY(db_.Query("SELECT status FROM logged_models WHERE id = ?", {record.model.id},
                        [&](const Row& row) { status = row.Text(0); }));
    if (!status) return AddModel(record);
    kept = Kept::kUnchanged;
    if (*status != "LOGGED_MODEL_PENDING") return {};
    QUERN_ASSIGN(const ModelRecord before, GetModel(record.model.id));
    const LoggedModel& was = before.model;
    if (was.status == record.model.status && was.updated_ms == record.model.updated_ms &&
        was.metrics.size() == record.model.metrics.size()) {
      return {};
    }
    kept = Kept::kUpdated;
    return UpdateModel(record, before);
  }));
  return kept;
}

Status Transfer::AddModel(const ModelRecord& record) {
  const LoggedModel& model = record.model;
  int64_t num = 0;
  QUERN_TRY(db_.Query(
      "INSERT INTO logged_models(id, experiment_id, name, model_type, source_run_id, artifact_uri, "
      "status, status_message, created_ms, updated_ms, deleted_ms) "
      "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING num",
      {model.id, model.experiment_id, model.name, model.model_type, model.source_run_id,
       model.artifact_uri, model.status, model.status_message, model.created_ms, model.updated_ms,
       OrNull(record.deleted_ms)},
      [&](const Row& row) { num = row.Int(0); }));
  QUERN_TRY(SetAll(db_, "logged_model_tags", "model", num, model.tags));
  QUERN_TRY(SetAll(db_, "logged_model_params", "model", num, model.params));
  return AddModelMetrics(db_, num, model.metrics);
}

Status Transfer::UpdateModel(const ModelRecord& record, const ModelRecord& before) {
  const LoggedModel& model = record.model;
  const int64_t num = before.model.num;
  QUERN_TRY(db_.Execute(
      "UPDATE logged_models SET status = ?, status_message = ?, updated_ms = ?, "
      "deleted_ms = ? WHERE num = ?",
      {model.status, model.status_message, model.updated_ms, OrNull(record.deleted_ms), num}));
  QUERN_TRY(SetAll(db_, "logged_model_tags", "model", num, model.tags));
  QUERN_TRY(SetAll(db_, "logged_model_params", "model", num, model.params));
  return AddModelMetrics(db_, num, model.metrics);
}

Result<bool> Transfer::HasModel(const std::string& id) {
  bool there = false;
  QUERN_TRY(db_.Query("SELECT 1 FROM logged_models WHERE id = ?", {id},
                      [&](const Row&) { there = true; }));
  return there;
}

Status Transfer::MoveRunArtifacts(const std::string& id, const std::string& from,
                                  const std::string& to) {
  return db_.Execute(
      "UPDATE runs SET artifact_uri = ?, revision = revision + 1 "
      "WHERE id = ? AND artifact_uri = ? AND artifact_uri <> ?",
      {to, id, from, to});
}

Status Transfer::MoveModelArtifacts(const std::string& id, const std::string& from,
                                    const std::string& to) {
  return db_.Execute("UPDATE logged_models SET artifact_uri = ? WHERE id = ? AND artifact_uri = ?",
                     {to, id, from});
}

Result<std::vector<Experiment>> Transfer::AllExperiments() {
  SearchRequest request;
  request.order_by = {"creation_time ASC"};
  request.max_results = kMaxExperimentsPage;
  std::vector<Experiment> all;
  do {
    QUERN_ASSIGN(auto page, experiments_.Search(ViewType::kAll, request));
    std::move(page.items.begin(), page.items.end(), std::back_inserter(all));
    request.page_token = page.next_token;
  } while (!request.page_token.empty());
  return all;
}

Result<std::vector<std::string>> Transfer::RunIds(int64_t experiment_id) {
  std::vector<std::string> ids;
  QUERN_TRY(db_.Query("SELECT id FROM runs WHERE experiment_id = ? ORDER BY num", {experiment_id},
                      [&](const Row& row) { ids.push_back(row.Text(0)); }));
  return ids;
}

Result<std::vector<std::string>> Transfer::ModelIds(int64_t experiment_id) {
  std::vector<std::string> ids;
  QUERN_TRY(db_.Query("SELECT id FROM logged_models WHERE experiment_id = ? ORDER BY num",
                      {experiment_id}, [&](const Row& row) { ids.push_back(row.Text(0)); }));
  return ids;
}

Result<RunRecord> Transfer::GetRun(const std::string& id) {
  QUERN_ASSIGN(Run run, runs_.Get(id));
  RunRecord record;
  record.info = std::move(run.info);
  record.params = std::move(run.params);
  record.tags = std::move(run.tags);
  record.datasets = std::move(run.dataset_inputs);
  record.model_inputs = std::move(run.model_inputs);
  record.model_outputs = std::move(run.model_outputs);
  for (const MetricSummary& metric : run.metrics) {
    QUERN_ASSIGN(const auto series, FindSeries(db_, record.info.num, metric.key));
    if (!series) continue;
    QUERN_ASSIGN(record.metrics[metric.key], ReadPoints(db_, *series));
  }
  QUERN_TRY(db_.Query("SELECT deleted_ms FROM runs WHERE num = ?", {record.info.num},
                      [&](const Row& row) {
                        if (!row.IsNull(0)) record.deleted_ms = row.Int(0);
                      }));
  return record;
}

Result<ModelRecord> Transfer::GetModel(const std::string& id) {
  ModelRecord record;
  QUERN_ASSIGN(record.model, models_.GetWhole(id));
  QUERN_TRY(db_.Query("SELECT deleted_ms FROM logged_models WHERE num = ?", {record.model.num},
                      [&](const Row& row) {
                        if (!row.IsNull(0)) record.deleted_ms = row.Int(0);
                      }));
  return record;
}

}  // namespace quern::tracking
