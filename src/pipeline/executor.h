#pragma once
// Plans and runs a graph: what is up to date is reused, what is not runs, in parallel where
// independent. A finished step is one database transaction, so a run killed at any instant
// continues where it was.
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "base/cancel.h"
#include "base/time.h"
#include "pipeline/cache.h"
#include "pipeline/step.h"

namespace quern::pipeline {

/// Shows what happens. Calls come from several threads but never two at a time.
class RunListener {
 public:
  virtual ~RunListener() = default;
  virtual void OnPlan(const std::vector<StepState>&) {}
  virtual void OnStep(const StepState&, const StepOutput*) {}
  virtual void OnProgress(const std::string& /*step*/, size_t /*done*/, size_t /*total*/,
                          std::string_view /*unit*/) {}
  virtual void OnNote(const std::string& /*step*/, std::string_view /*text*/) {}
};

struct RunOptions {
  size_t threads = 2;
  std::vector<std::string> until;  // phases or steps; empty: all
  std::vector<std::string> force;  // phases or steps to run although they are up to date
  CancelToken* cancel = nullptr;
  /// Asked once it is known that something will run, with the plan; its error ends the run before
  /// any step does.
  std::function<Status(const std::vector<StepState>&)> before_work = {};
};

/// What would happen now. Steps downstream of one that runs are "planned" with reason "upstream
/// STEP": they may still be reused if its output turns out unchanged.
Result<std::vector<StepState>> Plan(const Graph& graph, Cache& cache, const RunOptions& options);

struct RunSummary {
  std::string run_id;
  std::vector<StepState> steps;
  std::map<std::string, StepOutput> outputs;
  Outcome outcome = Outcome::kOk;     // the worst
  std::vector<std::string> failures;  // gates and checks, in words
  std::optional<Error> error;         // the first step that could not do its work
  size_t ran = 0;
  size_t reused = 0;
};

/// Runs the graph. An error of a step is in the summary; a Result error means that nothing could be
/// run.
Result<RunSummary> Run(const Graph& graph, const std::string& project, Cache& cache,
                       const RunOptions& options, RunListener& listener);

/// The graph up to the steps or phases named, kInvalidArgument for a name that is neither.
Result<Graph> Select(const Graph& graph, const std::vector<std::string>& until);

}  // namespace quern::pipeline
