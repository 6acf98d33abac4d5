#include "serving/history.h"

#include <boost/json.hpp>
#include <cmath>
#include <limits>

#include "base/json.h"

namespace quern::serving {
namespace {

constexpr const char* kSelect =
    "SELECT p.prediction_id, p.request_id, p.row_index, p.model, p.version, p.made_at, p.features, "
    "p.scores, p.decision, p.latency_ms, f.label, f.label_time, p.route FROM predictions p LEFT "
    "JOIN "
    "feedback "
    "f ON f.prediction_id = p.prediction_id ";

Status Read(const store::Row& row, LoggedPrediction* out) {
  out->prediction_id = row.Text(0);
  out->request_id = row.Text(1);
  out->row = row.Int(2);
  out->model = row.Text(3);
  out->version = row.Text(4);
  out->made_at = row.Int(5);
  out->features = row.Text(6);
  out->decision = row.Text(8);
  out->latency_ms = row.Number(9);
  if (!row.IsNull(10)) out->label = row.Text(10);
  if (!row.IsNull(11)) out->label_time = row.Int(11);
  out->route = row.Text(12);
  QUERN_ASSIGN(json::value scores, ParseJson(row.Text(7)));
  if (!scores.is_array()) {
    return Fail(Code::kDataLoss, "prediction " + out->prediction_id + ": scores are no list");
  }
  for (const json::value& score : scores.as_array()) {
    out->scores.push_back(score.is_number() ? score.to_number<double>() : std::nan(""));
  }
  return {};
}

Status SetCell(Column& column, size_t row, const json::value& value) {
  if (value.is_null()) return {};
  if (column.is_text && value.is_string()) {
    column.texts[row] = value.as_string();
  } else if (!column.is_text && value.is_number()) {
    column.numbers[row] = value.to_number<double>();
  } else {
    return Fail(Code::kDataLoss, "a logged value of '" + column.name + "' is of another type");
  }
  return {};
}

}  // namespace

Status ReadPredictions(store::Database& database, const PredictionFilter& filter,
                       const std::function<Status(LoggedPrediction)>& on_row) {
  std::string sql = std::string(kSelect) + "WHERE p.made_at >= ? AND p.made_at < ?";
  std::vector<store::Param> params = {filter.since, filter.until};
  if (!filter.model.empty()) {
    sql += " AND p.model = ?";
    params.emplace_back(filter.model);
  }
  if (!filter.version.empty()) {
    sql += " AND p.version = ?";
    params.emplace_back(filter.version);
  }
  sql += " ORDER BY p.made_at, p.prediction_id";
  Status status;
  QUERN_TRY(database.Query(sql, params, [&](const store::Row& row) {
    if (!status) return;
    LoggedPrediction prediction;
    status = Read(row, &prediction);
    if (status) status = on_row(std::move(prediction));
  }));
  return status;
}

Result<std::vector<std::optional<LoggedPrediction>>> FindPredictions(
    store::Database& database, const std::vector<std::string>& ids) {
  std::vector<std::optional<LoggedPrediction>> found(ids.size());
  std::string sql = std::string(kSelect) + "WHERE p.prediction_id = ?";
  for (size_t i = 0; i < ids.size(); ++i) {
    Status status;
    QUERN_TRY(database.Query(sql, {ids[i]}, [&](const store::Row& row) {
      found[i].emplace();
      status = Read(row, &*found[i]);
    }));
    QUERN_TRY(status);
  }
  return found;
}

Result<Frame> ServedFrame(const std::vector<LoggedPrediction>& predictions,
                          const model::Signature& signature) {
  Frame frame;
  for (const ml::InputColumn& input : signature.inputs) {
    Column column{input.name, input.is_text, {}, {}};
    if (input.is_text) {
      column.texts.resize(predictions.size());
    } else {
      column.numbers.assign(predictions.size(), std::numeric_limits<double>::quiet_NaN());
    }
    frame.columns.push_back(std::move(column));
  }
  for (size_t row = 0; row < predictions.size(); ++row) {
    QUERN_ASSIGN(json::value features, ParseJson(predictions[row].features));
    if (!features.is_object()) {
      return Fail(Code::kDataLoss,
                  "prediction " + predictions[row].prediction_id + ": features are no object");
    }
    for (Column& column : frame.columns) {
      const json::value* value = features.as_object().if_contains(column.name);
      if (value != nullptr) QUERN_TRY(SetCell(column, row, *value));
    }
  }
  return frame;
}

}  // namespace quern::serving
