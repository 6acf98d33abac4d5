#include "model/onnx_build.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "model/onnx_stages.h"

namespace quern::model {
namespace {

struct Scored {
  Value scores;
  size_t outputs = 0;
};

size_t Width(const ml::FittedPipeline& pipeline) {
  size_t width = 0;
  for (const ml::Feature& feature : pipeline.features) width += feature.width();
  return width;
}

Result<Scored> WriteModel(GraphWriter& graph, const ml::FittedPipeline& pipeline,
                          const ColumnValues& columns) {
  if (const auto* constant = std::get_if<ml::ConstantModel>(&pipeline.model)) {
    // Reads no feature: any column tells the number of rows.
    const Value& any = columns.at(pipeline.inputs.front().name).value;
    return Scored{WriteConstant(graph, *constant, any), constant->values.size()};
  }
  const size_t width = Width(pipeline);
  QUERN_ASSIGN(const Value matrix, WriteFeatures(graph, pipeline, columns));
  Scored scored;
  if (const auto* linear = std::get_if<ml::LinearModel>(&pipeline.model)) {
    scored.outputs = linear->outputs;
    QUERN_ASSIGN(scored.scores, WriteLinear(graph, *linear, matrix, width));
  } else if (const auto* trees = std::get_if<ml::TreeEnsemble>(&pipeline.model)) {
    scored.outputs = trees->outputs;
    QUERN_ASSIGN(scored.scores, WriteTrees(graph, *trees, matrix, width));
  } else {
    const auto& knn = std::get<ml::KnnModel>(pipeline.model);
    scored.outputs = std::max<size_t>(pipeline.classes.size(), 1);
    QUERN_ASSIGN(scored.scores, WriteKnn(graph, knn, matrix, width, pipeline.classes.size()));
  }
  return scored;
}

}  // namespace

Result<std::string> BuildOnnx(const ml::FittedPipeline& pipeline) {
  if (pipeline.inputs.empty()) return Fail(Code::kInvalidArgument, "a model needs an input column");
  GraphWriter graph;
  if (pipeline.task == ml::Task::kRegression) {
    graph.Reserve(kPredictionOutput);
  } else {
    graph.Reserve(kLabelOutput);
    graph.Reserve(kProbabilitiesOutput);
  }
  ColumnValues columns;
  for (const ml::InputColumn& input : pipeline.inputs) {
    QUERN_ASSIGN(Value value,
                 graph.Input(input.name, input.is_text ? DataType::kBytes : DataType::kFp64));
    columns[input.name] = {std::move(value), input.is_text};
  }
  if (!std::holds_alternative<ml::ConstantModel>(pipeline.model)) {
    QUERN_TRY(WriteDerived(graph, pipeline, columns));
  }
  QUERN_ASSIGN(const Scored scored, WriteModel(graph, pipeline, columns));
  QUERN_TRY(WriteOutputs(graph, pipeline, scored.scores, scored.outputs));
  graph.Metadata("quern.learner", pipeline.learner);
  if (pipeline.task == ml::Task::kBinary) {
    graph.Metadata("quern.threshold", ShortestDouble(pipeline.threshold));
  }
  return graph.Finish(pipeline.learner.empty() ? "quern" : pipeline.learner);
}

size_t RowsPerCall(const ml::FittedPipeline& pipeline) {
  constexpr size_t kCells = size_t{1} << 21;  // doubles in one tensor; about four live at once
  constexpr size_t kMost = 16384;
  size_t cells = std::max<size_t>(Width(pipeline), 1);
  if (const auto* knn = std::get_if<ml::KnnModel>(&pipeline.model)) {
    cells = std::max(cells, knn->targets.size());
  }
  return std::clamp<size_t>(kCells / cells, 1, kMost);
}

}  // namespace quern::model
