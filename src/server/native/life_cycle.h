#pragma once
// How a project stands, phase by phase, and who must act: drawn from the steps of its runs and from
// what `quern plan` says. Pure.
#include <boost/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "base/json.h"
#include "server/native/project_plan.h"
#include "tracking/pipeline_history.h"

namespace quern::server::native {

struct Standing {
  std::vector<tracking::PipelineStep> steps;  // with records
  /// Nothing if the project file is not at hand.
  std::optional<std::vector<PlannedStep>> plan;
  /// What the registry and the table of deployments say now, which may be other than what a step
  /// left: "heart/2 is champion", "heart/2 is live".
  std::vector<std::string> champions;
  std::vector<std::string> live;
};

/// A phase as the picture of the life cycle shows it, from the most urgent state to the least.
enum class PhaseState {
  kRunning,
  kFailed,     // an error, a failed check or a failed gate
  kBlocked,    // skipped, as something before it failed
  kStale,      // would run again
  kAttention,  // up to date, and a person should look
  kFresh,
  kAbsent,  // never ran
};
std::string_view PhaseStateName(PhaseState state);

/// The state of one step.
PhaseState StateOf(const tracking::PipelineStep& step,
                   const std::optional<std::vector<PlannedStep>>& plan);

/// [{phase, title, state, role, steps, seconds, changed_ms, facts:[text]}], in the order of the
/// life cycle; all of them, whatever ran.
json::array PhasesJson(const Standing& standing);

/// [{role, who, phase, step, urgency: "now"|"soon"|"later", text, command}], the most urgent first.
/// `who` is what the charter says of the role, or null.
json::array TasksJson(const Standing& standing);

}  // namespace quern::server::native
