#pragma once
// Runs, parameters and metrics in the metadata database, with MLflow's words and states.
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "store/database.h"

namespace quern::tracking {

enum class RunStatus { kRunning, kScheduled, kFinished, kFailed, kKilled };
std::string_view StatusName(RunStatus status);

struct MetricPoint {
  std::string key;
  double value = 0;
  int64_t step = 0;
};

struct Run {
  std::string id;
  std::string experiment;
  std::string parent_id;
  std::string name;
  std::string status;
  int64_t start_ms = 0;
  std::optional<int64_t> end_ms;
  std::map<std::string, std::string> params;
  std::map<std::string, double> metrics;  // the value of the highest step
  std::map<std::string, std::string> tags;
};

/// A finished run written in one piece: a trial, a candidate.
struct RunDraft {
  std::string id;  // empty: a new one
  std::string parent_id;
  std::string name;
  RunStatus status = RunStatus::kFinished;
  int64_t start_ms = 0;
  int64_t end_ms = 0;
  std::map<std::string, std::string> params;
  std::vector<MetricPoint> metrics;
  std::map<std::string, std::string> tags;
};

/// Thread-safe as the database is. Borrows it.
class RunStore {
 public:
  RunStore(store::Database& database, const Clock& clock) : db_(database), clock_(clock) {}

  Result<int64_t> ExperimentId(const std::string& name);
  Result<std::string> Start(const std::string& experiment, const std::string& name,
                            const std::string& parent_id = {});
  Status End(const std::string& run_id, RunStatus status);
  Status LogParams(const std::string& run_id, const std::map<std::string, std::string>& params);
  Status LogMetrics(const std::string& run_id, const std::vector<MetricPoint>& metrics);
  Status SetTags(const std::string& run_id, const std::map<std::string, std::string>& tags);
  /// Writes many finished runs in one transaction; returns their ids.
  Result<std::vector<std::string>> Write(const std::string& experiment,
                                         const std::vector<RunDraft>& drafts);
  /// kNotFound if there is none; a unique prefix of the id is enough.
  Result<Run> Get(const std::string& id_or_prefix);
  /// Newest first; `parent_id` empty: top-level runs only, "*": all.
  Result<std::vector<Run>> List(const std::string& experiment, const std::string& parent_id,
                                int limit);

 private:
  Status Insert(const std::string& experiment, RunDraft& draft);
  Status Fill(Run& run);
  store::Database& db_;
  const Clock& clock_;
};

}  // namespace quern::tracking
