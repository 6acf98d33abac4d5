#pragma once
// The charter's key metrics alone, for who reads no more of it.
#include <string>
#include <vector>

#include "design/charter.h"

namespace quern::design {

/// Reads `design.key_metrics` (may be null): [{metric, at_least|at_most}]. kInvalidArgument at the
/// position, also for a metric that is none of `model_metrics`.
Result<std::vector<Goal>> ParseKeyMetrics(const YamlNode* node,
                                          const std::vector<std::string>& model_metrics);

}  // namespace quern::design
