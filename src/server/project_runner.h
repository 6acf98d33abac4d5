#pragma once
// Runs of the project whose store is served, started by the server: the port that the CLI fills.
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"

namespace quern::server {

/// What of the project is to run, as `quern run` takes it.
struct RunOrder {
  std::string actor;               // as declared
  std::vector<std::string> force;  // steps or phases, although they are up to date
  std::vector<std::string> until;  // the last ones; empty: all
};

/// The newest run that this server has started.
struct StartedRun {
  std::string actor;
  int64_t pid = 0;
  int64_t since_ms = 0;
  int64_t end_ms = 0;        // 0: it runs
  int exit_code = 0;         // once it has ended
  std::string cancelled_by;  // "": by nobody
  std::string log;           // the end of what it printed
};

/// Thread-safe.
class ProjectRunner {
 public:
  virtual ~ProjectRunner() = default;
  /// The name in the project file. Errors are the file's.
  virtual Result<std::string> Project() = 0;
  /// kFailedPrecondition while a run of the project is under way, whoever started it.
  virtual Result<StartedRun> Start(const RunOrder& order) = 0;
  /// As Ctrl-C: what has finished stays. kFailedPrecondition if no run that this server started is
  /// under way.
  virtual Status Cancel(const std::string& actor) = 0;
  virtual std::optional<StartedRun> Last() = 0;
  /// Called by any thread when a run prints or ends; set before the first Start.
  virtual void OnChange(std::function<void()> changed) = 0;
  /// Ends what runs as Ctrl-C would, and waits for it.
  virtual void Stop() = 0;
};

}  // namespace quern::server
