#pragma once
// Which engine answers for a graph, and why.
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "model/engine.h"

namespace quern::model {

enum class EnginePreference {
  kAuto,         // the compiled engine if it covers the graph, else ONNX Runtime
  kCompiled,     // an error if it does not
  kOnnxRuntime,  // always
};
/// "auto", "compiled", "onnxruntime"; kInvalidArgument for another word.
Result<EnginePreference> ParseEnginePreference(std::string_view word);

/// One fused step of the compiled engine.
struct PlanStage {
  std::string what;     // "trees"
  std::string details;  // "100 trees, 6300 nodes, depth 6"
  size_t inputs = 0;    // values that it reads per row
  size_t outputs = 0;   // values that it writes per row
};

struct EnginePlan {
  EngineKind engine = EngineKind::kOnnxRuntime;
  /// Why this engine: "covers all 41 nodes", or what the compiled one lacks, with node and
  /// operator.
  std::string reason;
  std::vector<PlanStage> stages;  // in order; empty for ONNX Runtime

  /// Several lines for a terminal.
  std::string ToText() const;
  /// {"engine", "reason", "stages": [{"what", "details", "inputs", "outputs"}]}
  std::string ToJson() const;
};

struct ChosenEngine {
  std::shared_ptr<const Engine> engine;
  EnginePlan plan;
};

/// Errors of MakeOnnxRuntimeEngine where that is the engine; with kCompiled, kInvalidArgument where
/// it does not cover the graph, or for bytes that are no valid model. A model that the compiled
/// engine covers never loads ONNX Runtime unless asked to.
Result<ChosenEngine> ChooseEngine(std::string_view onnx,
                                  EnginePreference preference = EnginePreference::kAuto);

/// The engine of ChooseEngine.
Result<std::shared_ptr<const Engine>> MakeEngine(
    std::string_view onnx, EnginePreference preference = EnginePreference::kAuto);

}  // namespace quern::model
