#include "tracking/pipeline_history.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <set>
#include <string_view>

namespace quern::tracking {

using store::Row;

namespace {

/// Runs that are looked through for what the last one left out.
constexpr int64_t kEarlierRuns = 20;

json::value ReadJson(const std::string& text) {
  auto value = ParseJson(text);
  return value ? std::move(*value) : json::value(nullptr);
}

/// A run that came to its end has said something of each step that it was asked for; another may
/// have stopped anywhere.
bool Whole(const PipelineRun& run) { return run.state == "FINISHED" || run.state == "FAILED"; }

}  // namespace

size_t PhaseRank(const std::string& phase) {
  static constexpr std::array<std::string_view, 11> kPhases = {
      "design",   "ingest", "validate", "explore", "train", "evaluate",
      "register", "deploy", "monitor",  "retrain", "report"};
  return static_cast<size_t>(std::find(kPhases.begin(), kPhases.end(), phase) - kPhases.begin());
}

Result<std::vector<PipelineRun>> PipelineHistory::SelectRuns(
    const std::string& tail, const std::vector<store::Param>& params) {
  std::vector<PipelineRun> runs;
  QUERN_TRY(
      db_.Query("SELECT id, project, state, start_ms, end_ms, summary FROM pipeline_runs " + tail,
                params, [&](const Row& row) {
                  PipelineRun run{row.Text(0), row.Text(1),  row.Text(2),
                                  row.Int(3),  std::nullopt, row.Text(5)};
                  if (!row.IsNull(4)) run.end_ms = row.Int(4);
                  runs.push_back(std::move(run));
                }));
  return runs;
}

Result<std::vector<PipelineRun>> PipelineHistory::Runs(const std::string& project, int64_t limit) {
  if (project.empty()) return SelectRuns("ORDER BY start_ms DESC, id LIMIT ?", {limit});
  return SelectRuns("WHERE project = ? ORDER BY start_ms DESC, id LIMIT ?", {project, limit});
}

Result<PipelineRun> PipelineHistory::Run(const std::string& id) {
  QUERN_ASSIGN(auto runs, SelectRuns("WHERE id = ?", {id}));
  if (runs.empty()) {
    return Fail(Code::kNotFound, "no pipeline run '" + id + "'",
                "GET /api/2.0/quern/pipeline/runs lists them");
  }
  return std::move(runs.front());
}

Result<std::vector<std::string>> PipelineHistory::Projects(int64_t limit) {
  std::vector<std::string> names;
  QUERN_TRY(
      db_.Query("SELECT project FROM pipeline_runs GROUP BY project "
                "ORDER BY max(start_ms) DESC, project LIMIT ?",
                {limit}, [&](const Row& row) { names.push_back(row.Text(0)); }));
  return names;
}

Result<json::value> PipelineHistory::Record(const std::string& key) {
  json::value record;
  QUERN_TRY(db_.Query("SELECT record FROM step_results WHERE key = ?", {key},
                      [&](const Row& row) { record = ReadJson(row.Text(0)); }));
  return record;
}

Status PipelineHistory::ReadRecords(std::vector<PipelineStep>& steps) {
  for (PipelineStep& step : steps) {
    if (step.key.empty()) continue;
    QUERN_ASSIGN(step.record, Record(step.key));
  }
  return {};
}

Result<std::vector<PipelineStep>> PipelineHistory::Ended(const std::vector<std::string>& ids,
                                                         int64_t runs) {
  std::vector<PipelineStep> steps;
  if (ids.empty()) return steps;
  std::string marks = "?";
  for (size_t i = 1; i < ids.size(); ++i) marks += ", ?";
  std::vector<store::Param> params(ids.begin(), ids.end());
  params.emplace_back(runs);
  params.insert(params.end(), ids.begin(), ids.end());
  QUERN_TRY(db_.Query(
      "SELECT s.pipeline_run_id, s.step, s.phase, s.state, s.key, r.outcome, r.message, "
      "r.finished_ms FROM pipeline_steps s JOIN step_results r ON r.key = s.key "
      "JOIN (SELECT id, start_ms FROM pipeline_runs p WHERE EXISTS (SELECT 1 FROM pipeline_steps a "
      "WHERE a.pipeline_run_id = p.id AND a.step IN (" +
          marks +
          ")) ORDER BY start_ms DESC, id LIMIT ?) p ON p.id = s.pipeline_run_id WHERE s.step IN (" +
          marks +
          ") AND (s.state IN ('done', 'cached') OR "
          "(s.state = 'failed' AND r.outcome = 'check_failed')) "
          "ORDER BY p.start_ms DESC, p.id, s.position",
      params, [&](const Row& row) {
        PipelineStep step;
        step.run_id = row.Text(0);
        step.id = row.Text(1);
        step.phase = row.Text(2);
        step.state = row.Text(3);
        step.key = row.Text(4);
        step.outcome = row.Text(5);
        step.message = row.Text(6);
        step.finished_ms = row.Int(7);
        steps.push_back(std::move(step));
      }));
  return steps;
}

Result<std::vector<PipelineStep>> PipelineHistory::Steps(const std::string& run_id, bool records) {
  std::vector<PipelineStep> steps;
  QUERN_TRY(
      db_.Query("SELECT s.step, s.phase, s.state, s.reason, coalesce(s.seconds, 0), s.key, "
                "coalesce(r.outcome, ''), coalesce(r.message, ''), coalesce(r.finished_ms, 0) "
                "FROM pipeline_steps s LEFT JOIN step_results r ON r.key = s.key "
                "WHERE s.pipeline_run_id = ? ORDER BY s.position",
                {run_id}, [&](const Row& row) {
                  PipelineStep step;
                  step.run_id = run_id;
                  step.id = row.Text(0);
                  step.phase = row.Text(1);
                  step.state = row.Text(2);
                  step.reason = row.Text(3);
                  step.seconds = row.Number(4);
                  // A step that still runs, or could not do its work, has no result of its own,
                  // though an earlier run may have left one under its key.
                  const bool ended = step.state == "done" || step.state == "cached" ||
                                     (step.state == "failed" && row.Text(6) == "check_failed");
                  if (ended) {
                    step.key = row.Text(5);
                    step.outcome = row.Text(6);
                    step.message = row.Text(7);
                    step.finished_ms = row.Int(8);
                  }
                  steps.push_back(std::move(step));
                }));
  if (records) QUERN_TRY(ReadRecords(steps));
  return steps;
}

Result<std::vector<PipelineStep>> PipelineHistory::Standing(const PipelineRun& run, bool records) {
  QUERN_ASSIGN(std::vector<PipelineStep> steps, Steps(run.id, records));
  const bool by_phase = Whole(run);
  const auto name = [&](const PipelineStep& step) { return by_phase ? step.phase : step.id; };
  std::set<std::string> known;
  for (const PipelineStep& step : steps) known.insert(name(step));
  QUERN_ASSIGN(const auto earlier,
               SelectRuns("WHERE project = ? AND (start_ms < ? OR (start_ms = ? AND id > ?)) "
                          "ORDER BY start_ms DESC, id LIMIT ?",
                          {run.project, run.start_ms, run.start_ms, run.id, kEarlierRuns}));
  for (const PipelineRun& before : earlier) {
    QUERN_ASSIGN(auto older, Steps(before.id, false));
    std::erase_if(older, [&](const PipelineStep& step) {
      return known.contains(name(step)) || step.outcome.empty();
    });
    if (records) QUERN_TRY(ReadRecords(older));
    for (const PipelineStep& step : older) known.insert(name(step));
    std::move(older.begin(), older.end(), std::back_inserter(steps));
  }
  std::stable_sort(steps.begin(), steps.end(), [](const PipelineStep& a, const PipelineStep& b) {
    return PhaseRank(a.phase) < PhaseRank(b.phase);
  });
  return steps;
}

Result<std::vector<std::string>> PipelineHistory::StepIds(const std::string& phase, int64_t runs) {
  std::vector<std::string> ids;
  std::set<std::string> known;
  QUERN_TRY(
      db_.Query("SELECT s.step FROM pipeline_steps s JOIN (SELECT id, start_ms FROM pipeline_runs "
                "ORDER BY start_ms DESC, id LIMIT ?) r ON r.id = s.pipeline_run_id "
                "WHERE s.phase = ? ORDER BY r.start_ms DESC, r.id, s.position",
                {runs, phase}, [&](const Row& row) {
                  if (known.insert(row.Text(0)).second) ids.push_back(row.Text(0));
                }));
  return ids;
}

Result<std::vector<StepResult>> PipelineHistory::Results(const std::string& step, int64_t limit) {
  std::vector<StepResult> results;
  QUERN_TRY(
      db_.Query("SELECT pipeline_run_id, outcome, message, finished_ms, record FROM step_results "
                "WHERE step = ? ORDER BY finished_ms DESC, key LIMIT ?",
                {step, limit}, [&](const Row& row) {
                  results.push_back(
                      {row.Text(0), row.Text(1), row.Text(2), row.Int(3), ReadJson(row.Text(4))});
                }));
  return results;
}

Result<std::vector<Deployment>> PipelineHistory::Deployments(const std::string& name,
                                                             int64_t limit) {
  std::vector<Deployment> found;
  std::vector<store::Param> params;
  if (!name.empty()) params.push_back(name);
  params.push_back(limit);
  QUERN_TRY(
      db_.Query("SELECT id, name, version, state, created_ms, changed_ms, detail FROM "
                "deployments " +
                    std::string(name.empty() ? "" : "WHERE name = ? ") +
                    "ORDER BY created_ms DESC, id LIMIT ?",
                params, [&](const Row& row) {
                  found.push_back({row.Text(0), row.Text(1), row.Int(2), row.Text(3), row.Int(4),
                                   row.Int(5), row.Text(6)});
                }));
  return found;
}

}  // namespace quern::tracking
