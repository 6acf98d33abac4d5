#include "pipeline/cache.h"

#include <boost/json.hpp>

#include "base/digest.h"
#include "base/ids.h"

namespace quern::pipeline {

using store::Param;
using store::Row;

namespace {

std::string OutcomeText(Outcome outcome) {
  switch (outcome) {
    case Outcome::kOk:
      return "ok";
    case Outcome::kGateFailed:
      return "gate_failed";
    case Outcome::kCheckFailed:
      return "check_failed";
  }
  return "ok";
}

Outcome OutcomeOf(const std::string& text) {
  if (text == "gate_failed") return Outcome::kGateFailed;
  if (text == "check_failed") return Outcome::kCheckFailed;
  return Outcome::kOk;
}

std::string PartsText(const std::vector<KeyPart>& parts) {
  json::array out;
  for (const KeyPart& part : parts) out.push_back(json::array{part.name, part.value});
  return WriteJson(out);
}

/// Our own rows: text that does not parse was damaged on disk and reads as nothing stored.
std::vector<KeyPart> PartsOf(const std::string& text) {
  std::vector<KeyPart> parts;
  const auto value = ParseJson(text);
  if (!value || !value->is_array()) return parts;
  for (const json::value& part : value->as_array()) {
    parts.push_back({std::string(part.at(0).as_string()), std::string(part.at(1).as_string())});
  }
  return parts;
}

}  // namespace

Result<std::string> Cache::FileDigest(const std::string& path) {
  QUERN_ASSIGN(const FileInfo info, fs_.Stat(path));
  const auto inode = static_cast<int64_t>(info.inode);
  const auto size = static_cast<int64_t>(info.size);
  std::string digest;
  QUERN_TRY(
      db_.Query("SELECT digest FROM file_digests WHERE path = ? AND inode = ? AND size = ? "
                "AND mtime_ns = ? AND ctime_ns = ?",
                {path, inode, size, info.mtime_ns, info.ctime_ns},
                [&](const Row& row) { digest = row.Text(0); }));
  if (!digest.empty()) return digest;
  QUERN_ASSIGN(digest, Sha256File(path));
  constexpr int64_t kRacyMs = 2000;
  if (info.ctime_ns / 1'000'000 + kRacyMs > clock_.NowMs()) return digest;
  QUERN_TRY(db_.Execute(
      "INSERT INTO file_digests(path, inode, size, mtime_ns, ctime_ns, digest) VALUES (?, ?, ?, ?, "
      "?, ?) "
      "ON CONFLICT(path) DO UPDATE SET inode = excluded.inode, size = excluded.size, "
      "mtime_ns = excluded.mtime_ns, ctime_ns = excluded.ctime_ns, digest = excluded.digest",
      {path, inode, size, info.mtime_ns, info.ctime_ns, digest}));
  return digest;
}

Result<std::vector<StoredResult>> Cache::Select(const std::string& tail,
                                                const std::vector<Param>& params) {
  std::vector<StoredResult> found;
  QUERN_TRY(
      db_.Query("SELECT key, output_digest, outcome, message, files, record, parts, seconds FROM "
                "step_results " +
                    tail,
                params, [&](const Row& row) {
                  StoredResult result;
                  result.key = row.Text(0);
                  result.output.digest = row.Text(1);
                  result.output.outcome = OutcomeOf(row.Text(2));
                  result.output.message = row.Text(3);
                  const auto files = ParseJson(row.Text(4));
                  auto record = ParseJson(row.Text(5));
                  if (!files || !record || !files->is_array()) return;
                  for (const json::value& file : files->as_array()) {
                    result.output.files.emplace_back(file.as_string());
                  }
                  result.output.record = std::move(*record);
                  result.parts = PartsOf(row.Text(6));
                  result.seconds = row.Number(7);
                  found.push_back(std::move(result));
                }));
  return found;
}

Result<std::optional<StoredResult>> Cache::Find(const std::string& key) {
  QUERN_ASSIGN(auto found, Select("WHERE key = ?", {key}));
  if (found.empty()) return std::optional<StoredResult>();
  for (const std::string& file : found.front().output.files) {
    if (!fs_.Exists(JoinPath(root_, file))) return std::optional<StoredResult>();
  }
  return std::optional<StoredResult>(std::move(found.front()));
}

Result<std::optional<StoredResult>> Cache::Newest(const std::string& step) {
  QUERN_ASSIGN(auto found, Select("WHERE step = ? ORDER BY finished_ms DESC, key LIMIT 1", {step}));
  if (found.empty()) return std::optional<StoredResult>();
  return std::optional<StoredResult>(std::move(found.front()));
}

Status Cache::Store(const std::string& step, const StoredResult& result,
                    const std::string& run_id) {
  json::array files;
  for (const std::string& file : result.output.files) files.emplace_back(file);
  return db_.Execute(
      "INSERT INTO step_results(key, step, output_digest, outcome, message, files, record, parts, "
      "seconds, finished_ms, pipeline_run_id) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) "
      "ON CONFLICT(key) DO UPDATE SET output_digest = excluded.output_digest, "
      "outcome = excluded.outcome, message = excluded.message, files = excluded.files, "
      "record = excluded.record, seconds = excluded.seconds, finished_ms = excluded.finished_ms, "
      "pipeline_run_id = excluded.pipeline_run_id",
      {result.key, step, result.output.digest, OutcomeText(result.output.outcome),
       result.output.message, WriteJson(files), WriteJson(result.output.record),
       PartsText(result.parts), result.seconds, clock_.NowMs(), run_id});
}

Status Cache::Forget(const std::string& step) {
  return db_.Execute("DELETE FROM step_results WHERE step = ?", {step});
}

Result<std::string> Cache::BeginRun(const std::string& project) {
  const std::string id = NewHexId();
  QUERN_TRY(db_.Transaction([&]() -> Status {
    // A run that was killed could not say so itself.
    QUERN_TRY(db_.Execute("UPDATE pipeline_runs SET state = 'KILLED' WHERE state = 'RUNNING'"));
    return db_.Execute(
        "INSERT INTO pipeline_runs(id, project, state, start_ms, summary) VALUES (?, ?, 'RUNNING', "
        "?, '')",
        {id, project, clock_.NowMs()});
  }));
  return id;
}

Status Cache::EndRun(const std::string& run_id, const std::string& state,
                     const std::string& summary) {
  return db_.Execute("UPDATE pipeline_runs SET state = ?, end_ms = ?, summary = ? WHERE id = ?",
                     {state, clock_.NowMs(), summary, run_id});
}

Status Cache::NoteStep(const std::string& run_id, size_t position, const StepState& state) {
  return db_.Execute(
      "INSERT INTO pipeline_steps(pipeline_run_id, position, step, phase, state, reason, key, "
      "seconds) "
      "VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT(pipeline_run_id, step) DO UPDATE SET "
      "state = excluded.state, reason = excluded.reason, key = excluded.key, seconds = "
      "excluded.seconds",
      {run_id, static_cast<int64_t>(position), state.id, state.phase, state.state, state.reason,
       state.key, state.seconds});
}

Result<std::optional<PipelineRun>> Cache::LastRun() {
  std::optional<PipelineRun> last;
  QUERN_TRY(
      db_.Query("SELECT id, project, state, start_ms, end_ms, summary FROM pipeline_runs "
                "ORDER BY start_ms DESC, id LIMIT 1",
                {}, [&](const Row& row) {
                  last = PipelineRun{row.Text(0), row.Text(1),  row.Text(2),
                                     row.Int(3),  std::nullopt, row.Text(5)};
                  if (!row.IsNull(4)) last->end_ms = row.Int(4);
                }));
  return last;
}

Result<std::vector<StepState>> Cache::StepsOf(const std::string& run_id) {
  std::vector<StepState> states;
  QUERN_TRY(
      db_.Query("SELECT step, phase, state, reason, key, coalesce(seconds, 0) FROM pipeline_steps "
                "WHERE pipeline_run_id = ? ORDER BY position",
                {run_id}, [&](const Row& row) {
                  states.push_back({row.Text(0), row.Text(1), row.Text(2), row.Text(3), row.Text(4),
                                    row.Number(5)});
                }));
  return states;
}

Result<std::vector<StoredResult>> Cache::Unused(int keep) {
  return Select(
      "WHERE key NOT IN (SELECT key FROM pipeline_steps WHERE pipeline_run_id IN "
      "(SELECT id FROM pipeline_runs ORDER BY start_ms DESC, id LIMIT ?))",
      {static_cast<int64_t>(keep)});
}

Status Cache::Remove(const std::string& key) {
  return db_.Execute("DELETE FROM step_results WHERE key = ?", {key});
}

Result<std::vector<StoredResult>> Cache::All() { return Select("", {}); }

}  // namespace quern::pipeline
