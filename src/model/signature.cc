#include "model/signature.h"

#include "model/onnx_build.h"

namespace quern::model {

Signature SignatureOf(const ml::FittedPipeline& pipeline) {
  return {pipeline.task,      pipeline.inputs,      pipeline.classes, pipeline.numeric_classes,
          pipeline.threshold, RowsPerCall(pipeline)};
}

std::string TaskName(ml::Task task) {
  switch (task) {
    case ml::Task::kBinary:
      return "binary";
    case ml::Task::kMulticlass:
      return "multiclass";
    case ml::Task::kRegression:
      break;
  }
  return "regression";
}

std::optional<ml::Task> ParseTask(std::string_view name) {
  for (ml::Task task : {ml::Task::kBinary, ml::Task::kMulticlass, ml::Task::kRegression}) {
    if (name == TaskName(task)) return task;
  }
  return std::nullopt;
}

}  // namespace quern::model
