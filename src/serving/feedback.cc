#include "serving/feedback.h"

#include <set>

#include "base/text.h"

namespace quern::serving {
namespace {

struct Current {
  bool exists = false;
  bool same = false;
  int64_t revision = 0;
};

/// The last label of a prediction. Its history stays in the database when the prediction moves into
/// a file with the label that counted.
Result<Current> Look(store::Database& database, const Label& label) {
  Current current;
  QUERN_TRY(database.Query(
      "SELECT label, label_time, source, revision FROM feedback_history WHERE prediction_id = ? "
      "ORDER BY revision DESC LIMIT 1",
      {label.prediction_id}, [&](const store::Row& row) {
        current.exists = true;
        bool same_time = row.IsNull(1) ? !label.time.has_value()
                                       : label.time.has_value() && *label.time == row.Int(1);
        current.same =
            SameLabel(row.Text(0), label.label) && same_time && row.Text(2) == label.source;
        current.revision = row.Int(3);
      }));
  return current;
}

Status Write(store::Database& database, const Label& label, int64_t revision, int64_t now) {
  store::Param time = std::monostate{};
  if (label.time) time = *label.time;
  QUERN_TRY(database.Execute(
      "INSERT INTO feedback (prediction_id, label, label_time, source, revision, received_at) "
      "VALUES (?,?,?,?,?,?) ON CONFLICT (prediction_id) DO UPDATE SET label = excluded.label, "
      "label_time = excluded.label_time, source = excluded.source, revision = excluded.revision, "
      "received_at = excluded.received_at",
      {label.prediction_id, label.label, time, label.source, revision, now}));
  return database.Execute(
      "INSERT INTO feedback_history (prediction_id, revision, label, label_time, source, "
      "received_at) VALUES (?,?,?,?,?,?)",
      {label.prediction_id, revision, label.label, time, label.source, now});
}

Result<bool> Predicted(store::Database& database, const std::string& id) {
  bool found = false;
  QUERN_TRY(database.Query("SELECT 1 FROM predictions WHERE prediction_id = ?", {id},
                           [&](const store::Row&) { found = true; }));
  return found;
}

}  // namespace

bool SameLabel(std::string_view a, std::string_view b) {
  if (a == b) return true;
  auto x = ParseDouble(a);
  auto y = ParseDouble(b);
  return x && y && *x == *y;
}

Result<FeedbackResult> StoreFeedback(store::Database& database, std::span<const Label> labels,
                                     const Clock& clock) {
  for (size_t i = 0; i < labels.size(); ++i) {
    if (labels[i].prediction_id.empty() || labels[i].label.empty()) {
      return Fail(Code::kInvalidArgument,
                  "label " + std::to_string(i) + " has an empty " +
                      (labels[i].label.empty() ? "label" : "prediction_id"));
    }
  }
  FeedbackResult result;
  std::set<std::string> reported;
  int64_t now = clock.NowMs();
  QUERN_TRY(database.Transaction([&]() -> Status {
    for (const Label& label : labels) {
      QUERN_ASSIGN(Current current, Look(database, label));
      if (!current.same) QUERN_TRY(Write(database, label, current.revision + 1, now));
      if (!current.exists) result.first.push_back(static_cast<size_t>(&label - labels.data()));
      ++(current.same ? result.unchanged : current.exists ? result.updated : result.accepted);
      QUERN_ASSIGN(bool predicted, Predicted(database, label.prediction_id));
      if (!predicted && reported.insert(label.prediction_id).second) {
        result.unknown.push_back(label.prediction_id);
      }
    }
    return {};
  }));
  return result;
}

}  // namespace quern::serving
