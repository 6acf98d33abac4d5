#include "tracking/logged_models.h"

#include <cmath>

#include "base/ids.h"
#include "search/query.h"
#include "tracking/names.h"
#include "tracking/rows.h"
#include "tracking/run_rows.h"

namespace quern::tracking {
namespace {

using store::Database;
using store::Row;

constexpr char kModelColumns[] =
    "l.num, l.id, l.experiment_id, l.name, l.model_type, l.source_run_id, l.artifact_uri, "
    "l.status, l.status_message, l.created_ms, l.updated_ms";
constexpr int kModelColumnCount = 11;

LoggedModel ReadModel(const Row& row) {
  LoggedModel model;
  model.num = row.Int(0);
  model.id = row.Text(1);
  model.experiment_id = row.Int(2);
  model.name = row.Text(3);
  model.model_type = row.Text(4);
  model.source_run_id = row.Text(5);
  model.artifact_uri = row.Text(6);
  model.status = row.Text(7);
  model.status_message = row.Text(8);
  model.created_ms = row.Int(9);
  model.updated_ms = row.Int(10);
  return model;
}

enum class Values { kLast, kAll };

/// kLast: per metric and dataset. Rows come in rising order, so a later one replaces.
Status ReadMetrics(Database& db, LoggedModel& model, Values values) {
  return db.Query(
      "SELECT key, step, time_ms, value, nan, run_id, dataset_name, dataset_digest "
      "FROM logged_model_metrics WHERE model = ? "
      "ORDER BY key, dataset_name, dataset_digest, step, time_ms, value",
      {model.num}, [&](const Row& row) {
        LoggedModel::Metric metric{{row.Text(0), row.Int(4) != 0 ? std::nan("") : row.Number(3),
                                    row.Int(1), row.Int(2), model.id, row.Text(6), row.Text(7)},
                                   row.Text(5)};
        if (values == Values::kLast && !model.metrics.empty()) {
          MetricPoint& last = model.metrics.back().point;
          const bool same = last.key == metric.point.key &&
                            last.dataset_name == metric.point.dataset_name &&
                            last.dataset_digest == metric.point.dataset_digest;
          if (same) model.metrics.pop_back();
        }
        model.metrics.push_back(std::move(metric));
      });
}

Status Fill(Database& db, LoggedModel& model, Values values = Values::kLast) {
  QUERN_TRY(ReadTexts(db, "logged_model_tags", "model", model.num, model.tags));
  QUERN_TRY(ReadTexts(db, "logged_model_params", "model", model.num, model.params));
  return ReadMetrics(db, model, values);
}

std::unexpected<Error> NoModel(const std::string& id) {
  return Fail(Code::kNotFound, "Logged model with ID '" + id + "' not found.");
}

/// `more`: a further condition.
Result<LoggedModel> ReadOne(Database& db, const std::string& id, const char* more, Values values) {
  std::optional<LoggedModel> found;
  QUERN_TRY(db.Query(
      "SELECT " + std::string(kModelColumns) + " FROM logged_models l WHERE l.id = ?" + more, {id},
      [&](const Row& row) { found = ReadModel(row); }));
  if (!found) return NoModel(id);
  QUERN_TRY(Fill(db, *found, values));
  return std::move(*found);
}

Result<int64_t> FindNum(Database& db, const std::string& id) {
  int64_t num = 0;
  QUERN_TRY(db.Query("SELECT num FROM logged_models WHERE id = ? AND deleted_ms IS NULL", {id},
                     [&](const Row& row) { num = row.Int(0); }));
  if (num == 0) return NoModel(id);
  return num;
}

Status Touch(Database& db, int64_t num, int64_t now) {
  return db.Execute("UPDATE logged_models SET updated_ms = ? WHERE num = ?", {now, num});
}

Status SetAll(Database& db, const std::string& table, int64_t num, const Texts& texts,
              size_t limit) {
  for (const auto& [key, value] : texts) {
    QUERN_TRY(SetText(db, table, "model", num, key, std::string(CutTo(value, limit))));
  }
  return {};
}

}  // namespace

Status AddModelMetric(Database& db, int64_t model, const MetricPoint& point,
                      const std::string& run_id) {
  const bool nan = std::isnan(point.value);
  return db.Execute(
      "INSERT INTO logged_model_metrics(model, key, step, time_ms, value, nan, run_id, "
      "dataset_name, dataset_digest) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
      {model, point.key, point.step, point.time_ms, nan ? 0.0 : point.value, int64_t{nan}, run_id,
       point.dataset_name, point.dataset_digest});
}

Status LogModelMetrics(Database& db, const std::string& run_id,
                       const std::vector<MetricPoint>& metrics) {
  for (const MetricPoint& point : metrics) {
    QUERN_ASSIGN(const int64_t num, FindNum(db, point.model_id));
    QUERN_TRY(AddModelMetric(db, num, point, run_id));
  }
  return {};
}

Result<LoggedModel> LoggedModels::Create(const NewLoggedModel& model) {
  const std::string id = "m-" + NewHexId();
  const std::string name = model.name.empty() ? RandomRunName() : model.name;
  QUERN_TRY(CheckModelName(name));
  QUERN_TRY(CheckLength(model.source_run_id, kMaxReference, "source_run_id"));
  QUERN_TRY(CheckKeys(model.tags, "tags.key"));
  QUERN_TRY(CheckKeys(model.params, "params.key"));
  const int64_t now = clock_.NowMs();
  QUERN_TRY(db_.Write([&]() -> Status {
    QUERN_ASSIGN(const Experiment experiment, experiments_.Active(model.experiment_id));
    int64_t num = 0;
    QUERN_TRY(db_.Query(
        "INSERT INTO logged_models(id, experiment_id, name, model_type, source_run_id, "
        "artifact_uri, status, status_message, created_ms, updated_ms) "
        "VALUES (?, ?, ?, ?, ?, ?, 'LOGGED_MODEL_PENDING', '', ?, ?) RETURNING num",
        {id, model.experiment_id, name, model.model_type, model.source_run_id,
         ArtifactsBelow(experiment.artifact_location, "models/" + id + "/artifacts"), now, now},
        [&](const Row& row) { num = row.Int(0); }));
    QUERN_TRY(SetAll(db_, "logged_model_tags", num, model.tags, kMaxTagValue));
    return SetAll(db_, "logged_model_params", num, model.params, kMaxParamValue);
  }));
  return Get(id);
}

Result<LoggedModel> LoggedModels::Get(const std::string& id) {
  return ReadOne(db_, id, " AND l.deleted_ms IS NULL", Values::kLast);
}

Result<LoggedModel> LoggedModels::GetAny(const std::string& id) {
  return ReadOne(db_, id, "", Values::kLast);
}

Result<LoggedModel> LoggedModels::GetWhole(const std::string& id) {
  return ReadOne(db_, id, "", Values::kAll);
}

Result<LoggedModel> LoggedModels::Finalize(const std::string& id, const std::string& status) {
  if (status != "LOGGED_MODEL_READY" && status != "LOGGED_MODEL_UPLOAD_FAILED") {
    return Fail(Code::kInvalidArgument, "Invalid model status: '" + status +
                                            "'. Expected statuses: [LOGGED_MODEL_READY, "
                                            "LOGGED_MODEL_UPLOAD_FAILED]");
  }
  QUERN_TRY(db_.Write([&]() -> Status {
    QUERN_ASSIGN(const int64_t num, FindNum(db_, id));
    return db_.Execute("UPDATE logged_models SET status = ?, updated_ms = ? WHERE num = ?",
                       {status, clock_.NowMs(), num});
  }));
  return Get(id);
}

Status LoggedModels::Delete(const std::string& id) {
  return db_.Write([&]() -> Status {
    QUERN_ASSIGN(const int64_t num, FindNum(db_, id));
    return db_.Execute("UPDATE logged_models SET deleted_ms = ? WHERE num = ?",
                       {clock_.NowMs(), num});
  });
}

Status LoggedModels::SetTags(const std::string& id, const Texts& tags) {
  QUERN_TRY(CheckKeys(tags, "tags.key"));
  return db_.Write([&]() -> Status {
    QUERN_ASSIGN(const int64_t num, FindNum(db_, id));
    QUERN_TRY(SetAll(db_, "logged_model_tags", num, tags, kMaxTagValue));
    return Touch(db_, num, clock_.NowMs());
  });
}

Status LoggedModels::DeleteTag(const std::string& id, const std::string& key) {
  return db_.Write([&]() -> Status {
    QUERN_ASSIGN(const int64_t num, FindNum(db_, id));
    bool there = false;
    QUERN_TRY(db_.Query("DELETE FROM logged_model_tags WHERE model = ? AND key = ? RETURNING 1",
                        {num, key}, [&](const Row&) { there = true; }));
    if (!there) {
      return Fail(Code::kNotFound,
                  "No tag with key '" + key + "' found for model with ID '" + id + "'.");
    }
    return Touch(db_, num, clock_.NowMs());
  });
}

Status LoggedModels::LogParams(const std::string& id, const Texts& params) {
  QUERN_TRY(CheckKeys(params, "params.key"));
  return db_.Write([&]() -> Status {
    QUERN_ASSIGN(const int64_t num, FindNum(db_, id));
    return SetAll(db_, "logged_model_params", num, params, kMaxParamValue);
  });
}

Result<Page<LoggedModel>> LoggedModels::Search(const std::vector<int64_t>& experiment_ids,
                                               const std::string& filter,
                                               const std::vector<search::DatasetFilter>& datasets,
                                               const std::vector<search::FieldOrder>& order,
                                               int64_t max_results, const std::string& page_token) {
  QUERN_TRY(CheckMaxResults(max_results, kMaxLoggedModelsPage));
  search::Request request;
  request.filter = filter;
  request.page_token = page_token;
  request.scope = ScopeText(experiment_ids, ViewType::kActiveOnly);
  request.datasets = datasets;
  request.field_order = order;
  QUERN_ASSIGN(const search::Query query,
               search::Compile(search::LoggedModels(), request, db_.dialect()));
  search::Scope scope = IdsScope("l.experiment_id", experiment_ids);
  scope.where += " AND l.deleted_ms IS NULL";
  Page<LoggedModel> page;
  QUERN_ASSIGN(page.next_token,
               search::ReadPage(db_, query, kModelColumns, kModelColumnCount, scope, max_results,
                                [&](const Row& row) { page.items.push_back(ReadModel(row)); }));
  for (LoggedModel& model : page.items) QUERN_TRY(Fill(db_, model));
  return page;
}

}  // namespace quern::tracking
