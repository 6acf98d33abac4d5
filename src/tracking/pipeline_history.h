#pragma once
// What `quern run` left in the store: its runs, the states of their steps, and the record that each
// step ended with (docs/format/records.md). Read only; pipeline/cache.h writes.
#include <boost/json.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "store/database.h"

namespace quern::tracking {

struct PipelineRun {
  std::string id;
  std::string project;
  std::string state;  // RUNNING, FINISHED, FAILED, KILLED
  int64_t start_ms = 0;
  std::optional<int64_t> end_ms;
  std::string summary;
};

/// A step of one run, with what it ended with.
struct PipelineStep {
  std::string run_id;
  std::string id;      // "ingest:cleveland"
  std::string phase;   // "ingest"
  std::string state;   // planned, running, done, cached, skipped, failed
  std::string reason;  // why it ran, or did not
  double seconds = 0;
  std::string outcome;      // ok, gate_failed, check_failed; "" without a result
  std::string message;      // of the result: a line for people
  int64_t finished_ms = 0;  // of the result, which an earlier run may have made
  json::value record;       // null if it left none, or was not asked for
  std::string key;          // of the result; "" if the step has not ended
};

/// A result that was once stored for a step.
struct StepResult {
  std::string run_id;  // that made it
  std::string outcome;
  std::string message;
  int64_t finished_ms = 0;
  json::value record;
};

/// How a deployed version fared.
struct Deployment {
  std::string id;
  std::string name;
  int64_t version = 0;
  std::string state;  // starting, testing, live, retired, failed
  int64_t created_ms = 0;
  int64_t changed_ms = 0;
  std::string detail;
};

/// Thread-safe as the database is. Borrows it. A record that was damaged on disk reads as null.
class PipelineHistory {
 public:
  explicit PipelineHistory(store::Database& database) : db_(database) {}

  /// Newest first; of every project if `project` is "".
  Result<std::vector<PipelineRun>> Runs(const std::string& project, int64_t limit);
  /// kNotFound.
  Result<PipelineRun> Run(const std::string& id);
  /// Names of projects, the one that ran last first.
  Result<std::vector<std::string>> Projects(int64_t limit);
  /// In the order of the graph. Records are read if `records`.
  Result<std::vector<PipelineStep>> Steps(const std::string& run_id, bool records);
  /// How a project stands: the steps of `run`, and of what that run left out (it was asked for a
  /// part, or was killed) the newest that earlier runs left. `run_id` of a step tells which.
  Result<std::vector<PipelineStep>> Standing(const PipelineRun& run, bool records);
  /// Steps of a phase ("monitor:hungarian") that the last `runs` runs of any project had: those of
  /// the newest run first, each once.
  Result<std::vector<std::string>> StepIds(const std::string& phase, int64_t runs);
  /// What a step ended with over time, newest first.
  Result<std::vector<StepResult>> Results(const std::string& step, int64_t limit);
  /// What the steps `ids` ended with in the last `runs` runs that had one of them: newest run
  /// first, without records.
  Result<std::vector<PipelineStep>> Ended(const std::vector<std::string>& ids, int64_t runs);
  /// Of a step that has ended, by its key; null if it left none.
  Result<json::value> Record(const std::string& key);
  /// Newest first; of every model if `name` is "".
  Result<std::vector<Deployment>> Deployments(const std::string& name, int64_t limit);

 private:
  Status ReadRecords(std::vector<PipelineStep>& steps);
  Result<std::vector<PipelineRun>> SelectRuns(const std::string& tail,
                                              const std::vector<store::Param>& params);
  store::Database& db_;
};

/// Phases in the order of the life cycle; one that is not known comes last.
size_t PhaseRank(const std::string& phase);

}  // namespace quern::tracking
