#pragma once
// How this program's own steps write runs: many finished ones in one piece.
#include <string>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "store/database.h"
#include "tracking/experiments.h"
#include "tracking/runs.h"
#include "tracking/types.h"

namespace quern::tracking {

/// A finished run: a trial, a candidate.
struct RunDraft {
  std::string parent_id;
  std::string name;
  RunStatus status = RunStatus::kFinished;
  int64_t start_ms = 0;
  int64_t end_ms = 0;
  Texts params;
  std::vector<MetricPoint> metrics;  // a time of 0 is the run's end
  Texts tags;
};

/// Thread-safe as the database is. Borrows all it is given.
class RunWriter {
 public:
  RunWriter(store::Database& database, const Clock& clock, std::string user,
            Experiments& experiments, Runs& runs)
      : db_(database),
        clock_(clock),
        user_(std::move(user)),
        experiments_(experiments),
        runs_(runs) {}

  /// A run that goes on, in the experiment of that name, which is made if there is none.
  Result<std::string> Start(const std::string& experiment, const std::string& name,
                            const Texts& tags);
  Status End(const std::string& run_id, RunStatus status);
  /// All of them in one transaction; their ids.
  Result<std::vector<std::string>> Write(const std::string& experiment,
                                         const std::vector<RunDraft>& drafts);

 private:
  Result<std::string> WriteOne(int64_t experiment_id, const RunDraft& draft);
  store::Database& db_;
  const Clock& clock_;
  std::string user_;
  Experiments& experiments_;
  Runs& runs_;
};

}  // namespace quern::tracking
