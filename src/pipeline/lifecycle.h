#pragma once
// The whole life cycle of a project as one graph of steps, planned or run.
#include <string>
#include <utility>
#include <vector>

#include "base/fs.h"
#include "base/time.h"
#include "pipeline/executor.h"
#include "pipeline/project.h"
#include "pipeline/workspace.h"

namespace quern::pipeline {

using Sets = std::vector<std::pair<std::string, std::string>>;

struct LifecycleOptions {
  RunOptions run;
  double wait_seconds = 0;      // for another run of the same project
  ListenerMaker listener = {};  // of what is registered in the project's own database
};

struct LifecycleOutcome {
  RunSummary summary;
  std::string report_path;         // "" if none was written
  std::string server;              // where runs and versions are; "" if here
  std::vector<std::string> story;  // what was decided, one line a batch, for people
};

/// Loads the project, locks it, runs what is not up to date, writes quern.lock beside quern.yaml.
Result<LifecycleOutcome> RunLifecycle(const std::string& path, const Sets& sets,
                                      const LifecycleOptions& options, Fs& fs, const Clock& clock,
                                      RunListener& listener);

/// What RunLifecycle would do.
Result<std::vector<StepState>> PlanLifecycle(const std::string& path, const Sets& sets,
                                             const RunOptions& options, Fs& fs, const Clock& clock);

}  // namespace quern::pipeline
