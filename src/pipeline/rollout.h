#pragma once
// How a version takes over from the one in service: a release by the project's strategy, with rows
// played as traffic.
#include <string>

#include "base/frame.h"
#include "pipeline/packages.h"
#include "pipeline/steps.h"

namespace quern::pipeline {

/// Points the champion at `stable`, starts a server of the model and begins a release of
/// `candidate` in it. Sends the rows of `traffic` one by one, over and over, until the release is
/// decided; what the strategy leaves undecided is rolled back. Its predictions are not kept. A
/// release that an earlier run of this project left behind is rolled back first.
/// Errors: kFailedPrecondition while somebody else's release of the model is under way; kCancelled,
/// after the release was rolled back; of the server.
/// Returns records.md "release"; where its phase is "promoted", the champion is the candidate.
Result<json::value> RollOut(World& world, StepContext& context, const Champion& stable,
                            const Champion& candidate, const LoadedModel& model,
                            const Frame& traffic);

/// Why a release, as RollOut records it, ended so.
std::string EndOf(const json::value& release);

}  // namespace quern::pipeline
