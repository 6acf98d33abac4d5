#include "model/engine_choice.h"

#include <fmt/format.h>

#include <boost/json.hpp>

#include "base/json.h"
#include "model/compiled_engine.h"
#include "model/ort_engine.h"

namespace quern::model {

Result<EnginePreference> ParseEnginePreference(std::string_view word) {
  if (word == "auto") return EnginePreference::kAuto;
  if (word == "compiled") return EnginePreference::kCompiled;
  if (word == "onnxruntime") return EnginePreference::kOnnxRuntime;
  return Fail(Code::kInvalidArgument, fmt::format("'{}' is no engine", word),
              "auto, compiled or onnxruntime");
}

std::string EnginePlan::ToText() const {
  std::string text = fmt::format("engine  {}\nreason  {}\n", EngineName(engine), reason);
  if (!stages.empty()) text += "\n";
  for (size_t i = 0; i < stages.size(); ++i) {
    const PlanStage& stage = stages[i];
    text += fmt::format("{:>3}  {:<12} {:>5} in {:>5} out  {}\n", i + 1, stage.what, stage.inputs,
                        stage.outputs, stage.details);
  }
  return text;
}

std::string EnginePlan::ToJson() const {
  json::array list;
  for (const PlanStage& stage : stages) {
    list.push_back(json::object{{"what", stage.what},
                                {"details", stage.details},
                                {"inputs", stage.inputs},
                                {"outputs", stage.outputs}});
  }
  return WriteJson(json::object{
      {"engine", EngineName(engine)}, {"reason", reason}, {"stages", std::move(list)}});
}

Result<ChosenEngine> ChooseEngine(std::string_view onnx, EnginePreference preference) {
  ChosenEngine chosen;
  chosen.plan.reason = "asked for";
  if (preference != EnginePreference::kOnnxRuntime) {
    auto compiled = CompileModel(onnx);
    if (compiled) {
      chosen.engine = std::move(compiled->engine);
      chosen.plan = {EngineKind::kCompiled,
                     fmt::format("it covers all {} nodes of the graph", compiled->nodes),
                     std::move(compiled->stages)};
      return chosen;
    }
    if (preference == EnginePreference::kCompiled) {
      return Fail(Code::kInvalidArgument,
                  "the compiled engine does not take the model: " + compiled.error().message,
                  "with the engine 'auto', ONNX Runtime answers for it");
    }
    chosen.plan.reason = "the compiled engine does not cover it: " + compiled.error().message;
  }
  QUERN_ASSIGN(chosen.engine, MakeOnnxRuntimeEngine(onnx));
  return chosen;
}

Result<std::shared_ptr<const Engine>> MakeEngine(std::string_view onnx,
                                                 EnginePreference preference) {
  QUERN_ASSIGN(ChosenEngine chosen, ChooseEngine(onnx, preference));
  return std::move(chosen.engine);
}

}  // namespace quern::model
