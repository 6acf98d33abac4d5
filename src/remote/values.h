#pragma once
// Answers of MLflow's REST calls as values of our own rooms. What is not there reads as empty.
#include <string>

#include "base/json.h"
#include "registry/types.h"
#include "tracking/types.h"

namespace quern::remote {

/// Of `{"info", "data", "inputs"}`.
tracking::Run ReadRun(const json::value& value);
/// Of a model version; its path is set if it carries the digest of a package.
registry::ModelVersion ReadModelVersion(const json::value& value);
/// Of a registered model: itself and its tags.
registry::RegisteredModel ReadRegisteredModel(const json::value& value);

}  // namespace quern::remote
