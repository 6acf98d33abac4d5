#include "pipeline/snapshot_compare.h"

#include <algorithm>
#include <boost/json.hpp>
#include <vector>

#include "base/json_read.h"
#include "base/text.h"
#include "monitoring/record.h"
#include "pipeline/world.h"
#include "table/session.h"

namespace quern::pipeline {
namespace {

/// "read_parquet('…')" of a record's snapshot.
Result<std::string> TableOf(const json::value& record, const std::string& state_dir, Fs& fs) {
  const std::string snapshot = TextAt(record, "/snapshot");
  const std::string path = JoinPath(state_dir, snapshot);
  if (snapshot.empty() || !fs.Exists(path)) {
    return Fail(Code::kNotFound,
                "the rows of snapshot " + TextAt(record, "/digest").substr(0, 12) + " are gone",
                "its profile is still there; `quern gc` removes rows that no run uses any more");
  }
  return "read_parquet(" + table::QuoteText(path) + ")";
}

/// Columns that both have with one type, in the order of the first.
std::vector<ColumnInfo> Common(const std::vector<ColumnInfo>& before,
                               const std::vector<ColumnInfo>& after) {
  std::vector<ColumnInfo> common;
  for (const ColumnInfo& column : before) {
    const auto other = std::find_if(after.begin(), after.end(),
                                    [&](const ColumnInfo& c) { return c.name == column.name; });
    if (other != after.end() && other->type == column.type) common.push_back(column);
  }
  return common;
}

/// A number is one number however it was stored: 1 and 1.0 are the same.
std::string Selected(const std::vector<ColumnInfo>& columns) {
  std::string sql;
  for (const ColumnInfo& column : columns) {
    const std::string name = table::QuoteName(column.name);
    const char* type = column.type == "number" ? "DOUBLE" : "VARCHAR";
    sql += (sql.empty() ? "CAST(" : ", CAST(") + name + " AS " + type + ") AS " + name;
  }
  return sql;
}

Result<json::object> CompareRows(table::Session& session, const std::string& before,
                                 const std::string& after, const std::vector<ColumnInfo>& columns,
                                 const std::string& key) {
  const std::string selected = Selected(columns);
  const bool keyed = std::any_of(columns.begin(), columns.end(),
                                 [&](const ColumnInfo& column) { return column.name == key; });
  // EXCEPT ALL takes each row away as often as the other side has it; NULL equals NULL.
  const auto only_in = [&](const std::string& one, const std::string& other) {
    return "(SELECT " + selected + " FROM " + one + " EXCEPT ALL SELECT " + selected + " FROM " +
           other + ")";
  };
  const std::string name = keyed ? table::QuoteName(key) : "";
  const auto known = [&](const std::string& other) {
    if (!keyed) return std::string("false");
    return "EXISTS (SELECT 1 FROM (SELECT " + selected + " FROM " + other + ") o WHERE o." + name +
           " IS NOT DISTINCT FROM d." + name + ")";
  };
  QUERN_ASSIGN(
      const table::Rows counts,
      session.Query("SELECT (SELECT count(*) FROM " + before + "), (SELECT count(*) FROM " + after +
                    "), added, changed, removed FROM (SELECT count(*) FILTER (NOT " +
                    "known) AS added, count(*) FILTER (known) AS changed FROM (SELECT " +
                    known(before) + " AS known FROM " + only_in(after, before) +
                    " d)), (SELECT count(*) FILTER (NOT known) AS removed FROM (SELECT " +
                    known(after) + " AS known FROM " + only_in(before, after) + " d))"));
  const auto number = [&](size_t at) {
    return static_cast<int64_t>(table::ToNumber(counts.rows.at(0).at(at)));
  };
  json::array names;
  for (const ColumnInfo& column : columns) names.emplace_back(column.name);
  return json::object{{"before", number(0)},
                      {"after", number(1)},
                      {"added", number(2)},
                      {"changed", keyed ? json::value(number(3)) : json::value(nullptr)},
                      {"removed", number(4)},
                      {"by", keyed ? "key" : "content"},
                      {"key", keyed ? json::value(key) : json::value(nullptr)},
                      {"columns", std::move(names)}};
}

}  // namespace

Result<json::value> CompareSnapshots(const json::value& before, const json::value& after,
                                     const std::string& state_dir,
                                     const SnapshotCompareOptions& options, Fs& fs) {
  QUERN_ASSIGN(const std::string table_before, TableOf(before, state_dir, fs));
  QUERN_ASSIGN(const std::string table_after, TableOf(after, state_dir, fs));
  const std::vector<ColumnInfo> columns_before = ColumnsOf(before),
                                columns_after = ColumnsOf(after);
  const std::vector<ColumnInfo> common = Common(columns_before, columns_after);
  if (common.empty()) {
    return Fail(Code::kFailedPrecondition, "the snapshots have no column of one type in common",
                "their profiles stand beside each other all the same");
  }
  QUERN_ASSIGN(const auto session, table::Session::Open({.threads = 1}));
  QUERN_ASSIGN(json::object rows,
               CompareRows(*session, table_before, table_after, common, options.key));
  monitoring::DriftOptions drift = options.drift;
  drift.kinds = KindsOf(columns_before);
  // Keys of other rows are other keys.
  if (!options.key.empty()) drift.ignore.push_back(options.key);
  QUERN_ASSIGN(const Frame frame_before, session->QueryFrame("SELECT * FROM " + table_before));
  QUERN_ASSIGN(const Frame frame_after, session->QueryFrame("SELECT * FROM " + table_after));
  QUERN_ASSIGN(const monitoring::DriftReport report,
               monitoring::CompareFrames(frame_before, frame_after, drift));
  return json::object{{"rows", std::move(rows)}, {"drift", monitoring::DriftRecord(report)}};
}

}  // namespace quern::pipeline
