// Outputs: probabilities and the label that they decide, or the prediction.
#include <fmt/format.h>

#include <cmath>

#include "base/text.h"
#include "model/onnx_build.h"
#include "model/onnx_stages.h"

namespace quern::model {
namespace {

constexpr double kExactIntegers = 9007199254740992.0;  // 2^53

/// The classes as a constant [C], typed as the output `label` is.
Value ClassTable(GraphWriter& graph, const ml::FittedPipeline& pipeline) {
  const auto size = static_cast<int64_t>(pipeline.classes.size());
  const LabelType type = LabelTypeOf(pipeline);
  if (type == LabelType::kText) return graph.Texts("classes", pipeline.classes, {size});
  std::vector<double> numbers;
  for (const std::string& label : pipeline.classes) numbers.push_back(*ParseDouble(label));
  if (type == LabelType::kDouble) return graph.Doubles("classes", numbers, {size});
  std::vector<int64_t> integers(numbers.begin(), numbers.end());
  return graph.Ints("classes", integers, {size});
}

DataType LabelElement(LabelType type) {
  switch (type) {
    case LabelType::kText:
      return DataType::kBytes;
    case LabelType::kInteger:
      return DataType::kInt64;
    case LabelType::kDouble:
      return DataType::kFp64;
  }
  return DataType::kBytes;
}

/// The class index [N] of each row.
Value DecideBinary(GraphWriter& graph, double threshold, const Value& positive) {
  const Value reached =
      graph.Node("GreaterOrEqual", "decide/is_positive", {positive, graph.Scalar(threshold)});
  const Value index = graph.Node("Cast", "decide/index", {reached}, {{"to", kCastInt64}});
  const Value axis = graph.Ints("decide/axis", std::vector<int64_t>{1}, {1});
  return graph.Node("Squeeze", "decide/flat_index", {index, axis});
}

}  // namespace

LabelType LabelTypeOf(const ml::FittedPipeline& pipeline) {
  if (!pipeline.numeric_classes) return LabelType::kText;
  LabelType type = LabelType::kInteger;
  for (const std::string& label : pipeline.classes) {
    const std::optional<double> number = ParseDouble(label);
    if (!number) return LabelType::kText;
    if (*number != std::floor(*number) || std::abs(*number) > kExactIntegers) {
      type = LabelType::kDouble;
    }
  }
  return type;
}

Status WriteOutputs(GraphWriter& graph, const ml::FittedPipeline& pipeline, const Value& scores,
                    size_t outputs) {
  const size_t classes = pipeline.classes.size();
  if (pipeline.task == ml::Task::kRegression) {
    if (outputs != 1) {
      return Fail(Code::kInvalidArgument, fmt::format("a regressor of {} outputs", outputs));
    }
    graph.NodeTo("Identity", kPredictionOutput, {scores});
    const int64_t shape[] = {-1, 1};
    graph.Output(kPredictionOutput, DataType::kFp64, shape);
    return {};
  }
  const bool binary = pipeline.task == ml::Task::kBinary;
  const bool one_score = binary && outputs == 1;
  if (classes < 2 || (binary && classes != 2) || (outputs != classes && !one_score)) {
    return Fail(Code::kInvalidArgument,
                fmt::format("a {} classifier of {} outputs and {} classes",
                            binary ? "binary" : "multiclass", outputs, classes));
  }
  Value index;
  if (one_score) {
    const Value negative = graph.Node("Sub", "decide/negative", {graph.Scalar(1), scores});
    graph.NodeTo("Concat", kProbabilitiesOutput, {negative, scores}, {{"axis", int64_t{1}}});
    index = DecideBinary(graph, pipeline.threshold, scores);
  } else {
    graph.NodeTo("Identity", kProbabilitiesOutput, {scores});
    if (binary) {
      const Value which = graph.Ints("decide/positive_column", std::vector<int64_t>{1}, {1});
      const Value positive =
          graph.Node("Gather", "decide/positive", {scores, which}, {{"axis", int64_t{1}}});
      index = DecideBinary(graph, pipeline.threshold, positive);
    } else {
      index = graph.Node("ArgMax", "decide/index", {scores},
                         {{"axis", int64_t{1}}, {"keepdims", int64_t{0}}});
    }
  }
  graph.NodeTo("Gather", kLabelOutput, {ClassTable(graph, pipeline), index},
               {{"axis", int64_t{0}}});
  const int64_t label_shape[] = {-1};
  graph.Output(kLabelOutput, LabelElement(LabelTypeOf(pipeline)), label_shape);
  const int64_t shape[] = {-1, static_cast<int64_t>(classes)};
  graph.Output(kProbabilitiesOutput, DataType::kFp64, shape);
  return {};
}

}  // namespace quern::model
