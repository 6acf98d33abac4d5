#include "serving/prediction_retention.h"

#include <vector>

namespace quern::serving {
namespace {

/// Rows of one transaction, so that others who write need not wait long.
constexpr int64_t kRowsAtOnce = 20'000;

Result<int64_t> Count(store::Database& database, const std::string& sql,
                      const std::vector<store::Param>& params) {
  int64_t count = 0;
  QUERN_TRY(database.Query(sql, params, [&](const store::Row& row) { count = row.Int(0); }));
  return count;
}

Status RemoveRows(store::Database& database, int64_t before_ms, int64_t rows) {
  const std::string oldest =
      "(SELECT prediction_id FROM predictions WHERE made_at < ? ORDER BY made_at, prediction_id "
      "LIMIT " +
      std::to_string(kRowsAtOnce) + ")";
  for (int64_t left = rows; left > 0; left -= kRowsAtOnce) {
    QUERN_TRY(database.Transaction([&]() -> Status {
      for (const char* table : {"feedback", "feedback_history", "predictions"}) {
        QUERN_TRY(database.Execute(
            std::string("DELETE FROM ") + table + " WHERE prediction_id IN " + oldest,
            {before_ms}));
      }
      return {};
    }));
  }
  return {};
}

/// Labels of predictions that are in no table: gone, moved into a file, or not there yet.
Status RemoveLabels(store::Database& database, int64_t before_ms) {
  return database.Transaction([&]() -> Status {
    QUERN_TRY(database.Execute(
        "DELETE FROM feedback WHERE received_at < ? AND NOT EXISTS (SELECT 1 FROM predictions p "
        "WHERE p.prediction_id = feedback.prediction_id)",
        {before_ms}));
    return database.Execute(
        "DELETE FROM feedback_history WHERE received_at < ? AND NOT EXISTS (SELECT 1 FROM "
        "predictions p WHERE p.prediction_id = feedback_history.prediction_id)",
        {before_ms});
  });
}

}  // namespace

Result<ExpiredPredictions> ExpirePredictions(store::Database& database, Fs& fs,
                                             const std::string& state_dir, int64_t before_ms,
                                             bool remove) {
  ExpiredPredictions expired;
  QUERN_ASSIGN(expired.rows,
               Count(database, "SELECT count(*) FROM predictions WHERE made_at < ?", {before_ms}));
  std::vector<std::string> paths;
  QUERN_TRY(database.Query("SELECT path FROM prediction_files WHERE last_made_at < ? ORDER BY path",
                           {before_ms},
                           [&](const store::Row& row) { paths.push_back(row.Text(0)); }));
  expired.files = static_cast<int64_t>(paths.size());
  if (!remove) return expired;
  for (const std::string& path : paths) {
    // A listed file that is gone is an error to readers: the row goes first, and a file that stays
    // behind is what `quern gc` finds.
    QUERN_TRY(database.Execute("DELETE FROM prediction_files WHERE path = ?", {path}));
    QUERN_TRY(fs.RemoveAll(JoinPath(state_dir, path)));
  }
  QUERN_TRY(RemoveRows(database, before_ms, expired.rows));
  QUERN_TRY(RemoveLabels(database, before_ms));
  return expired;
}

}  // namespace quern::serving
