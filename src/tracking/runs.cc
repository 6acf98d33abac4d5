#include "tracking/runs.h"

#include "base/ids.h"
#include "tracking/names.h"
#include "tracking/rows.h"
#include "tracking/run_rows.h"

namespace quern::tracking {

using store::Param;
using store::Row;

const std::string kRunName = "mlflow.runName";
const std::string kParentRun = "mlflow.parentRunId";

RunInfo ReadRunInfo(const Row& row) {
  RunInfo run;
  run.num = row.Int(0);
  run.id = row.Text(1);
  run.experiment_id = row.Int(2);
  run.parent_id = row.Text(3);
  run.name = row.Text(4);
  run.user_id = row.Text(5);
  run.status = row.Text(6);
  run.start_ms = row.Int(7);
  if (!row.IsNull(8)) run.end_ms = row.Int(8);
  run.artifact_uri = row.Text(9);
  run.deleted = row.Text(10) == "deleted";
  run.revision = row.Int(11);
  return run;
}

Status BumpRun(store::Database& db, int64_t num) {
  return db.Execute("UPDATE runs SET revision = revision + 1 WHERE num = ?", {num});
}

Result<Run> Runs::Create(const NewRun& run) {
  if (!run.id.empty()) QUERN_TRY(CheckRunId(run.id));
  for (const auto& [key, value] : run.tags) QUERN_TRY(CheckKey(key, "tags.key"));
  const auto tag = run.tags.find(kRunName);
  if (tag != run.tags.end() && !run.name.empty() && tag->second != run.name) {
    return Fail(Code::kInvalidArgument,
                "Both 'run_name' argument and 'mlflow.runName' tag are specified, but with "
                "different values (run_name='" +
                    run.name + "', mlflow.runName='" + tag->second + "').");
  }
  std::string name = run.name;
  if (name.empty() && tag != run.tags.end()) name = tag->second;
  if (name.empty()) name = RandomRunName();
  const std::string id = run.id.empty() ? NewHexId() : run.id;
  QUERN_TRY(db_.Write([&]() -> Status {
    QUERN_ASSIGN(const Experiment experiment, experiments_.Active(run.experiment_id));
    return Insert(run, id, name, experiment);
  }));
  return Get(id);
}

Status Runs::Insert(const NewRun& run, const std::string& id, const std::string& name,
                    const Experiment& experiment) {
  const auto parent = run.tags.find(kParentRun);
  if (parent != run.tags.end()) QUERN_TRY(CheckLength(parent->second, kMaxReference, kParentRun));
  RunInfo info;
  Status made = db_.Query(
      "INSERT INTO runs(id, experiment_id, parent_id, name, user_id, status, start_ms, end_ms, "
      "artifact_uri, lifecycle, revision) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 'active', 0) "
      "RETURNING num",
      {id, run.experiment_id, parent == run.tags.end() ? Param() : Param(parent->second), name,
       run.user_id, std::string(StatusName(run.status)), run.start_ms,
       run.end_ms ? Param(*run.end_ms) : Param(),
       ArtifactsBelow(experiment.artifact_location, id + "/artifacts")},
      [&](const Row& row) { info.num = row.Int(0); });
  if (!made && made.error().code == Code::kAlreadyExists) {
    return Fail(Code::kAlreadyExists, "Run with id=" + id + " already exists");
  }
  QUERN_TRY(made);
  std::vector<std::pair<std::string, std::string>> tags(run.tags.begin(), run.tags.end());
  if (!run.tags.contains(kRunName)) tags.emplace_back(kRunName, name);
  return SetTags(info, tags);
}

Result<RunInfo> Runs::Info(const std::string& id) {
  std::optional<RunInfo> found;
  QUERN_TRY(db_.Query("SELECT " + std::string(kRunColumns) + " FROM runs r WHERE r.id = ?", {id},
                      [&](const Row& row) { found = ReadRunInfo(row); }));
  if (!found) return Fail(Code::kNotFound, "Run with id=" + id + " not found");
  if (found->artifact_uri.empty()) {
    // Runs of before there was such a column.
    QUERN_ASSIGN(const Experiment experiment, experiments_.Get(found->experiment_id));
    found->artifact_uri = ArtifactsBelow(experiment.artifact_location, id + "/artifacts");
  }
  return std::move(*found);
}

Result<std::string> Runs::Resolve(const std::string& beginning) {
  std::vector<std::string> found;
  QUERN_TRY(db_.Query("SELECT id FROM runs WHERE substr(id, 1, CAST(? AS INTEGER)) = ? LIMIT 2",
                      {static_cast<int64_t>(beginning.size()), beginning},
                      [&](const Row& row) { found.push_back(row.Text(0)); }));
  if (found.empty()) {
    return Fail(Code::kNotFound, "no run '" + beginning + "'", "`quern runs` lists them");
  }
  if (found.size() > 1) {
    return Fail(Code::kInvalidArgument, "more than one run begins with '" + beginning + "'",
                "give more of its id");
  }
  return std::move(found.front());
}

Result<RunInfo> Runs::Active(const std::string& id) {
  QUERN_ASSIGN(RunInfo run, Info(id));
  if (!run.deleted) return run;
  return Fail(Code::kInvalidArgument,
              "The run " + id + " must be in the 'active' state. Current state is deleted.");
}

Result<Run> Runs::Get(const std::string& id) {
  Run run;
  QUERN_ASSIGN(run.info, Info(id));
  QUERN_TRY(Fill({&run, 1}, {}));
  return run;
}

Result<RunInfo> Runs::Update(const std::string& id, const RunUpdate& update) {
  QUERN_TRY(db_.Write([&]() -> Status {
    QUERN_ASSIGN(const RunInfo run, Active(id));
    const std::string status(update.status ? StatusName(*update.status) : run.status);
    const auto end_ms = update.end_ms ? update.end_ms : run.end_ms;
    QUERN_TRY(
        db_.Execute("UPDATE runs SET status = ?, end_ms = ?, revision = revision + 1 WHERE num = ?",
                    {status, end_ms ? Param(*end_ms) : Param(), run.num}));
    if (!update.name || update.name->empty()) return {};
    return SetTags(run, {{kRunName, *update.name}});
  }));
  return Info(id);
}

Status Runs::Delete(const std::string& id) {
  const int64_t now = clock_.NowMs();
  return db_.Write([&]() -> Status {
    QUERN_ASSIGN(const RunInfo run, Info(id));
    if (run.deleted) return {};
    return db_.Execute(
        "UPDATE runs SET lifecycle = 'deleted', deleted_ms = ?, revision = revision + 1 "
        "WHERE num = ?",
        {now, run.num});
  });
}

Status Runs::Restore(const std::string& id) {
  return db_.Write([&]() -> Status {
    QUERN_ASSIGN(const RunInfo run, Info(id));
    bool claimed = false;
    QUERN_TRY(db_.Query("SELECT 1 FROM runs WHERE num = ? AND deleted_ms = -1", {run.num},
                        [&](const Row&) { claimed = true; }));
    if (claimed) {
      return Fail(Code::kFailedPrecondition,
                  "Run with id=" + id + " is being purged and cannot be restored.");
    }
    return db_.Execute(
        "UPDATE runs SET lifecycle = 'active', deleted_ms = NULL, revision = revision + 1 "
        "WHERE num = ?",
        {run.num});
  });
}

Status Runs::SetTags(const RunInfo& run,
                     const std::vector<std::pair<std::string, std::string>>& tags) {
  for (const auto& [key, value] : tags) {
    const std::string kept(CutTo(value, kMaxTagValue));
    QUERN_TRY(SetText(db_, "run_tags", "run", run.num, key, kept));
    if (key == kRunName) {
      QUERN_TRY(db_.Execute("UPDATE runs SET name = ? WHERE num = ?", {kept, run.num}));
    } else if (key == kParentRun) {
      QUERN_TRY(CheckLength(kept, kMaxReference, kParentRun));
      QUERN_TRY(db_.Execute("UPDATE runs SET parent_id = ? WHERE num = ?", {kept, run.num}));
    }
  }
  return {};
}

Status Runs::DeleteTag(const std::string& id, const std::string& key) {
  return db_.Write([&]() -> Status {
    QUERN_ASSIGN(const RunInfo run, Active(id));
    bool there = false;
    QUERN_TRY(db_.Query("DELETE FROM run_tags WHERE run = ? AND key = ? RETURNING 1",
                        {run.num, key}, [&](const Row&) { there = true; }));
    if (!there) {
      return Fail(Code::kNotFound, "No tag with name: " + key + " in run with id " + id);
    }
    if (key == kParentRun) {
      QUERN_TRY(db_.Execute("UPDATE runs SET parent_id = NULL WHERE num = ?", {run.num}));
    }
    return BumpRun(db_, run.num);
  });
}

}  // namespace quern::tracking
