#include "serving/log_insert.h"

#include <algorithm>
#include <unordered_map>

namespace quern::serving {
namespace {

/// Rows of one INSERT statement: parsing SQL costs more than storing a row.
constexpr size_t kRowsPerInsert = 64;

/// Answers the ids of the rows that were not there before.
std::string InsertSql(size_t rows) {
  std::string sql =
      "INSERT INTO predictions (prediction_id, request_id, row_index, model, version, made_at, "
      "features, scores, decision, latency_ms, route) VALUES ";
  for (size_t i = 0; i < rows; ++i) {
    sql += i == 0 ? "(?,?,?,?,?,?,?,?,?,?,?)" : ",(?,?,?,?,?,?,?,?,?,?,?)";
  }
  return sql + " ON CONFLICT (prediction_id) DO NOTHING RETURNING prediction_id";
}

}  // namespace

Status PredictionInserter::Add(const LoggedRows& rows) {
  for (size_t i = 0; i < rows.rows(); ++i) {
    rows_.push_back({rows.Id(i), rows.OwnId(i), std::string(rows.request_id()),
                     static_cast<int64_t>(i), rows.schema().model, rows.schema().version,
                     rows.made_at(), rows.Features(i), rows.Scores(i), rows.Decision(i),
                     rows.latency_ms(), std::string(rows.route())});
    if (rows_.size() == kRowsPerInsert) QUERN_TRY(Flush());
  }
  return {};
}

Status PredictionInserter::Finish() { return Flush(); }

Status PredictionInserter::Flush() {
  if (rows_.empty()) return {};
  QUERN_ASSIGN(const std::vector<std::string> ids, Insert(rows_));
  inserted_ += ids.size();
  std::vector<Row> rows;
  rows.swap(rows_);
  if (ids.size() == rows.size()) return {};
  // How often each id was taken: of two rows of one statement with the same id, the first was.
  std::unordered_map<std::string, bool> taken;
  for (const std::string& id : ids) taken[id] = true;
  for (Row& row : rows) {
    const auto found = taken.find(row.id);
    if (found != taken.end() && found->second) {
      found->second = false;
      continue;
    }
    QUERN_TRY(Settle(std::move(row)));
  }
  return {};
}

Result<std::vector<std::string>> PredictionInserter::Insert(const std::vector<Row>& rows) {
  std::vector<store::Param> params;
  params.reserve(rows.size() * 11);
  for (const Row& row : rows) {
    params.insert(params.end(),
                  {row.id, row.request_id, row.index, row.model, row.version, row.made_at,
                   row.features, row.scores, row.decision, row.latency_ms, row.route});
  }
  std::vector<std::string> ids;
  QUERN_TRY(database_.Query(InsertSql(rows.size()), params,
                            [&](const store::Row& row) { ids.push_back(row.Text(0)); }));
  return ids;
}

/// A row whose id is there already.
Status PredictionInserter::Settle(Row row) {
  bool same = row.id == row.own_id;
  QUERN_TRY(database_.Query(
      "SELECT model, version, features FROM predictions WHERE prediction_id = ?", {row.id},
      [&](const store::Row& found) {
        same = same || (found.Text(0) == row.model && found.Text(1) == row.version &&
                        found.Text(2) == row.features);
      }));
  if (same) {
    ++repeated_;
    return {};
  }
  row.id = row.own_id;
  QUERN_ASSIGN(const auto ids, Insert({std::move(row)}));
  inserted_ += ids.size();
  ++(ids.empty() ? repeated_ : renamed_);
  return {};
}

}  // namespace quern::serving
