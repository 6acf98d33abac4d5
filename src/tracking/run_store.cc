#include "tracking/run_store.h"

#include <cmath>

#include "base/ids.h"

namespace quern::tracking {

using store::Param;
using store::Row;

std::string_view StatusName(RunStatus status) {
  switch (status) {
    case RunStatus::kRunning:
      return "RUNNING";
    case RunStatus::kScheduled:
      return "SCHEDULED";
    case RunStatus::kFinished:
      return "FINISHED";
    case RunStatus::kFailed:
      return "FAILED";
    case RunStatus::kKilled:
      return "KILLED";
  }
  return "FAILED";
}

Result<int64_t> RunStore::ExperimentId(const std::string& name) {
  int64_t id = 0;
  const auto find = [&] {
    return db_.Query("SELECT id FROM experiments WHERE name = ?", {name},
                     [&](const Row& row) { id = row.Int(0); });
  };
  QUERN_TRY(find());
  if (id != 0) return id;
  QUERN_TRY(
      db_.Execute("INSERT INTO experiments(name, created_ms) VALUES (?, ?) "
                  "ON CONFLICT(name) DO NOTHING",
                  {name, clock_.NowMs()}));
  QUERN_TRY(find());
  return id;
}

Result<std::string> RunStore::Start(const std::string& experiment, const std::string& name,
                                    const std::string& parent_id) {
  RunDraft draft;
  draft.name = name;
  draft.parent_id = parent_id;
  draft.status = RunStatus::kRunning;
  draft.start_ms = clock_.NowMs();
  QUERN_TRY(db_.Transaction([&] { return Insert(experiment, draft); }));
  return draft.id;
}

Status RunStore::End(const std::string& run_id, RunStatus status) {
  return db_.Execute("UPDATE runs SET status = ?, end_ms = ? WHERE id = ?",
                     {std::string(StatusName(status)), clock_.NowMs(), run_id});
}

Status RunStore::LogParams(const std::string& run_id,
                           const std::map<std::string, std::string>& params) {
  return db_.Transaction([&]() -> Status {
    for (const auto& [key, value] : params) {
      QUERN_TRY(
          db_.Execute("INSERT INTO run_params(run_id, key, value) VALUES (?, ?, ?) "
                      "ON CONFLICT(run_id, key) DO UPDATE SET value = excluded.value",
                      {run_id, key, value}));
    }
    return {};
  });
}

Status RunStore::LogMetrics(const std::string& run_id, const std::vector<MetricPoint>& metrics) {
  const int64_t now = clock_.NowMs();
  return db_.Transaction([&]() -> Status {
    for (const MetricPoint& point : metrics) {
      const Param value = std::isnan(point.value) ? Param() : Param(point.value);
      QUERN_TRY(db_.Execute(
          "INSERT INTO run_metrics(run_id, key, step, value, time_ms) VALUES (?, ?, ?, ?, ?) "
          "ON CONFLICT(run_id, key, step) DO UPDATE SET value = excluded.value",
          {run_id, point.key, point.step, value, now}));
    }
    return {};
  });
}

Status RunStore::SetTags(const std::string& run_id,
                         const std::map<std::string, std::string>& tags) {
  return db_.Transaction([&]() -> Status {
    for (const auto& [key, value] : tags) {
      QUERN_TRY(
          db_.Execute("INSERT INTO run_tags(run_id, key, value) VALUES (?, ?, ?) "
                      "ON CONFLICT(run_id, key) DO UPDATE SET value = excluded.value",
                      {run_id, key, value}));
    }
    return {};
  });
}

Status RunStore::Insert(const std::string& experiment, RunDraft& draft) {
  QUERN_ASSIGN(const int64_t experiment_id, ExperimentId(experiment));
  if (draft.id.empty()) draft.id = NewHexId();
  const Param end = draft.end_ms > 0 ? Param(draft.end_ms) : Param();
  const Param parent = draft.parent_id.empty() ? Param() : Param(draft.parent_id);
  QUERN_TRY(
      db_.Execute("INSERT INTO runs(id, experiment_id, parent_id, name, status, start_ms, end_ms) "
                  "VALUES (?, ?, ?, ?, ?, ?, ?)",
                  {draft.id, experiment_id, parent, draft.name,
                   std::string(StatusName(draft.status)), draft.start_ms, end}));
  QUERN_TRY(LogParams(draft.id, draft.params));
  QUERN_TRY(LogMetrics(draft.id, draft.metrics));
  return SetTags(draft.id, draft.tags);
}

Result<std::vector<std::string>> RunStore::Write(const std::string& experiment,
                                                 const std::vector<RunDraft>& drafts) {
  std::vector<std::string> ids;
  QUERN_TRY(db_.Transaction([&]() -> Status {
    for (RunDraft draft : drafts) {
      QUERN_TRY(Insert(experiment, draft));
      ids.push_back(draft.id);
    }
    return {};
  }));
  return ids;
}

namespace {

constexpr std::string_view kRunColumns =
    "SELECT r.id, e.name, coalesce(r.parent_id, ''), r.name, r.status, r.start_ms, r.end_ms "
    "FROM runs r JOIN experiments e ON e.id = r.experiment_id ";

Run ReadRun(const Row& row) {
  Run run;
  run.id = row.Text(0);
  run.experiment = row.Text(1);
  run.parent_id = row.Text(2);
  run.name = row.Text(3);
  run.status = row.Text(4);
  run.start_ms = row.Int(5);
  if (!row.IsNull(6)) run.end_ms = row.Int(6);
  return run;
}

}  // namespace

Status RunStore::Fill(Run& run) {
  QUERN_TRY(db_.Query("SELECT key, value FROM run_params WHERE run_id = ?", {run.id},
                      [&](const Row& row) { run.params[row.Text(0)] = row.Text(1); }));
  QUERN_TRY(db_.Query("SELECT key, value FROM run_tags WHERE run_id = ?", {run.id},
                      [&](const Row& row) { run.tags[row.Text(0)] = row.Text(1); }));
  return db_.Query("SELECT key, value FROM run_metrics WHERE run_id = ? ORDER BY key, step",
                   {run.id}, [&](const Row& row) {
                     run.metrics[row.Text(0)] = row.IsNull(1) ? std::nan("") : row.Number(1);
                   });
}

Result<Run> RunStore::Get(const std::string& id_or_prefix) {
  std::vector<Run> found;
  QUERN_TRY(db_.Query(std::string(kRunColumns) + "WHERE substr(r.id, 1, ?) = ? LIMIT 2",
                      {static_cast<int64_t>(id_or_prefix.size()), id_or_prefix},
                      [&](const Row& row) { found.push_back(ReadRun(row)); }));
  if (found.empty()) {
    return Fail(Code::kNotFound, "no run '" + id_or_prefix + "'", "`quern runs` lists them");
  }
  if (found.size() > 1) {
    return Fail(Code::kInvalidArgument, "more than one run begins with '" + id_or_prefix + "'",
                "give more of its id");
  }
  QUERN_TRY(Fill(found.front()));
  return std::move(found.front());
}

Result<std::vector<Run>> RunStore::List(const std::string& experiment, const std::string& parent_id,
                                        int limit) {
  std::string sql(kRunColumns);
  sql += "WHERE (? = '' OR e.name = ?) ";
  std::vector<Param> params{experiment, experiment};
  if (parent_id.empty()) {
    sql += "AND r.parent_id IS NULL ";
  } else if (parent_id != "*") {
    sql += "AND r.parent_id = ? ";
    params.emplace_back(parent_id);
  }
  sql += "ORDER BY r.start_ms DESC, r.id LIMIT ?";
  params.emplace_back(static_cast<int64_t>(limit));
  std::vector<Run> runs;
  QUERN_TRY(db_.Query(sql, params, [&](const Row& row) { runs.push_back(ReadRun(row)); }));
  for (Run& run : runs) QUERN_TRY(Fill(run));
  return runs;
}

}  // namespace quern::tracking
