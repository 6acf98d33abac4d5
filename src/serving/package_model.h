#pragma once
// A model package (a directory with model.onnx and quern.json) as a model that can be served.
#include <memory>
#include <string>

#include "base/result.h"
#include "serving/model.h"

namespace quern::serving {

/// Verified while loading; errors are those of model::Scorer::Load.
Result<std::shared_ptr<const ScoringModel>> LoadPackage(const std::string& dir);

}  // namespace quern::serving
