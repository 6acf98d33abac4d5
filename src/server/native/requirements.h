#pragma once
// The lines of the charter, each with the newest evidence that the steps of a project left. Pure.
#include <boost/json.hpp>
#include <vector>

#include "base/json.h"
#include "tracking/pipeline_history.h"

namespace quern::server::native {

/// {declared, added_value, answers, roles, hypothesis, open, lines:[GATE with step, at_ms,
/// measurable]}. A line that no step has judged is pending; one that nothing can measure has
/// measurable = false. A key metric has what the newest later batch with labels showed in
/// `watched`: {batch, version, value, low, high, at_ms}, else null. Fields are null or empty
/// without a charter.
json::value RequirementsJson(const std::vector<tracking::PipelineStep>& steps);

}  // namespace quern::server::native
