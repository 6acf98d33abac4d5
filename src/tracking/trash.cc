#include "tracking/trash.h"

#include <algorithm>
#include <set>

#include "tracking/rows.h"

namespace quern::tracking {
namespace {

using store::Row;

/// So many ids stand in one statement.
constexpr size_t kIdsAtOnce = 500;

DeletedItem ReadItem(const Row& row) {
  return {row.Int(0), row.Text(1), row.Text(2), row.Int(3), row.Int(4), row.Text(5)};
}

/// Runs `sql`, which ends with a condition on these numbers, and gives what it returns.
Result<std::vector<int64_t>> Change(store::Database& db, const std::string& sql,
                                    const std::string& column, const std::vector<int64_t>& nums,
                                    const std::string& returning = "") {
  std::vector<int64_t> changed;
  QUERN_TRY(db.Write([&]() -> Status {
    changed.clear();
    for (size_t at = 0; at < nums.size(); at += kIdsAtOnce) {
      const std::vector<int64_t> some(
          nums.begin() + static_cast<ptrdiff_t>(at),
          nums.begin() + static_cast<ptrdiff_t>(std::min(nums.size(), at + kIdsAtOnce)));
      const search::Scope ids = IdsScope(column, some);
      QUERN_TRY(db.Query(sql + ids.where + returning, ids.params,
                         [&](const Row& row) { changed.push_back(row.Int(0)); }));
    }
    return {};
  }));
  return changed;
}

Status Remove(store::Database& db, const std::string& sql, const std::string& column,
              const std::vector<int64_t>& nums) {
  QUERN_TRY(Change(db, sql, column, nums));
  return {};
}

}  // namespace

Result<std::vector<DeletedItem>> Trash::Runs(int64_t until_ms) {
  std::vector<DeletedItem> items;
  QUERN_TRY(
      db_.Query("SELECT num, id, name, experiment_id, deleted_ms, artifact_uri FROM runs "
                "WHERE lifecycle = 'deleted' AND deleted_ms <= ? ORDER BY num",
                {until_ms}, [&](const Row& row) { items.push_back(ReadItem(row)); }));
  for (DeletedItem& item : items) {
    if (!item.artifact_uri.empty()) continue;
    // Runs of before there was such a column.
    QUERN_ASSIGN(const Experiment experiment, experiments_.Get(item.experiment_id));
    item.artifact_uri = ArtifactsBelow(experiment.artifact_location, item.id + "/artifacts");
  }
  return items;
}

Result<std::vector<DeletedItem>> Trash::LoggedModels(int64_t until_ms) {
  std::vector<DeletedItem> items;
  QUERN_TRY(db_.Query(
      "SELECT num, id, name, experiment_id, coalesce(deleted_ms, -1), artifact_uri "
      "FROM logged_models WHERE deleted_ms <= ? OR experiment_id IN (SELECT id FROM experiments "
      "WHERE lifecycle = 'deleted' AND updated_ms <= ? AND id <> 0) ORDER BY num",
      {until_ms, until_ms}, [&](const Row& row) { items.push_back(ReadItem(row)); }));
  return items;
}

Result<std::vector<DeletedItem>> Trash::Experiments(int64_t until_ms) {
  std::vector<DeletedItem> items;
  QUERN_TRY(
      db_.Query("SELECT id, '', name, id, updated_ms, artifact_location FROM experiments "
                "WHERE lifecycle = 'deleted' AND updated_ms <= ? AND id <> 0 ORDER BY id",
                {until_ms}, [&](const Row& row) { items.push_back(ReadItem(row)); }));
  for (DeletedItem& item : items) {
    item.id = std::to_string(item.num);
    if (!item.artifact_uri.empty()) continue;
    QUERN_ASSIGN(const Experiment experiment, experiments_.Get(item.num));
    item.artifact_uri = experiment.artifact_location;
  }
  return items;
}

Result<std::vector<int64_t>> Trash::ExperimentsInUse() {
  std::vector<int64_t> ids;
  QUERN_TRY(
      db_.Query("SELECT DISTINCT e.id FROM experiments e JOIN runs r ON "
                "r.experiment_id = e.id WHERE e.lifecycle = 'deleted' AND "
                "r.lifecycle = 'active'",
                {}, [&](const Row& row) { ids.push_back(row.Int(0)); }));
  return ids;
}

Result<std::vector<int64_t>> Trash::ClaimRuns(const std::vector<int64_t>& nums) {
  return Change(db_, "UPDATE runs SET deleted_ms = -1 WHERE lifecycle = 'deleted' AND ", "num",
                nums, " RETURNING num");
}

Result<std::vector<int64_t>> Trash::ClaimExperiments(const std::vector<int64_t>& ids) {
  return Change(db_, "UPDATE experiments SET updated_ms = -1 WHERE lifecycle = 'deleted' AND ",
                "id", ids, " RETURNING id");
}

Status Trash::RemoveRuns(const std::vector<int64_t>& nums) {
  return Remove(db_, "DELETE FROM runs WHERE lifecycle = 'deleted' AND deleted_ms = -1 AND ", "num",
                nums);
}

Status Trash::RemoveLoggedModels(const std::vector<int64_t>& nums) {
  const std::string gone =
      "(deleted_ms IS NOT NULL OR experiment_id IN (SELECT id FROM experiments "
      "WHERE lifecycle = 'deleted' AND updated_ms = -1)) AND ";
  return db_.Write([&]() -> Status {
    for (const int64_t num : nums) {
      QUERN_TRY(
          db_.Execute("DELETE FROM run_models WHERE model_id IN "
                      "(SELECT id FROM logged_models WHERE " +
                          gone + "num = ?)",
                      {num}));
    }
    return Remove(db_, "DELETE FROM logged_models WHERE " + gone, "num", nums);
  });
}

Status Trash::RemoveExperiments(const std::vector<int64_t>& ids) {
  return Remove(db_, "DELETE FROM experiments WHERE lifecycle = 'deleted' AND updated_ms = -1 AND ",
                "id", ids);
}

Result<int64_t> Trash::RemoveUnreadDatasets() {
  int64_t count = 0;
  QUERN_TRY(db_.Write([&] {
    count = 0;
    return db_.Query(
        "DELETE FROM datasets WHERE NOT EXISTS (SELECT 1 FROM run_inputs i "
        "WHERE i.dataset = datasets.num) RETURNING num",
        {}, [&](const Row&) { ++count; });
  }));
  return count;
}

Result<std::vector<std::string>> Trash::UnknownIds(const std::vector<std::string>& ids) {
  std::set<std::string> known;
  for (size_t at = 0; at < ids.size(); at += kIdsAtOnce) {
    std::string marks;
    std::vector<store::Param> params;
    for (size_t i = at; i < std::min(ids.size(), at + kIdsAtOnce); ++i) {
      marks += marks.empty() ? "?" : ", ?";
      params.emplace_back(ids[i]);
    }
    for (const char* table : {"runs", "logged_models"}) {
      QUERN_TRY(db_.Query(std::string("SELECT id FROM ") + table + " WHERE id IN (" + marks + ")",
                          params, [&](const Row& row) { known.insert(row.Text(0)); }));
    }
  }
  std::vector<std::string> unknown;
  for (const std::string& id : ids) {
    if (!known.contains(id)) unknown.push_back(id);
  }
  return unknown;
}

}  // namespace quern::tracking
