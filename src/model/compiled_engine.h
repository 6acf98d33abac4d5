#pragma once
// Tabular graphs compiled into one fused program over blocks of rows. See docs/serving.md.
#include <cstddef>
#include <memory>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "model/engine.h"
#include "model/engine_choice.h"

namespace quern::model {

struct CompiledModel {
  std::shared_ptr<const Engine> engine;
  std::vector<PlanStage> stages;
  size_t nodes = 0;  // of the graph
};

/// kUnimplemented: the graph holds something that the engine does not cover (the message names the
/// node, its operator and what is missing); kInvalidArgument: bytes that are no valid model.
Result<CompiledModel> CompileModel(std::string_view onnx);

}  // namespace quern::model
