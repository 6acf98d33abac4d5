// Linear models, links and the constant model.
#include <fmt/format.h>

#include "model/onnx_stages.h"

namespace quern::model {

Value WriteLink(GraphWriter& graph, ml::Link link, const Value& margins) {
  switch (link) {
    case ml::Link::kIdentity:
      return margins;
    case ml::Link::kLogistic:
      return graph.Node("Sigmoid", "model/sigmoid", {margins});
    case ml::Link::kSoftmax:
      return graph.Node("Softmax", "model/softmax", {margins}, {{"axis", int64_t{1}}});
  }
  return margins;
}

Result<Value> WriteLinear(GraphWriter& graph, const ml::LinearModel& model, const Value& matrix,
                          size_t width) {
  if (model.weights.size() != model.outputs * width || model.intercepts.size() != model.outputs) {
    return Fail(Code::kInvalidArgument,
                fmt::format("linear model of {} outputs over {} features has {} weights and {} "
                            "intercepts",
                            model.outputs, width, model.weights.size(), model.intercepts.size()));
  }
  std::vector<double> transposed(model.weights.size());
  for (size_t o = 0; o < model.outputs; ++o) {
    for (size_t f = 0; f < width; ++f) {
      transposed[f * model.outputs + o] = model.weights[o * width + f];
    }
  }
  const auto outputs = static_cast<int64_t>(model.outputs);
  const Value weights =
      graph.Doubles("model/weights", transposed, {static_cast<int64_t>(width), outputs});
  const Value intercepts = graph.Doubles("model/intercepts", model.intercepts, {outputs});
  const Value product = graph.Node("MatMul", "model/product", {matrix, weights});
  const Value margins = graph.Node("Add", "model/margins", {product, intercepts});
  return WriteLink(graph, model.link, margins);
}

Value WriteConstant(GraphWriter& graph, const ml::ConstantModel& model, const Value& any) {
  const auto width = static_cast<int64_t>(model.values.size());
  const Value values = graph.Doubles("model/values", model.values, {1, width});
  // The column is [N,1], so expanding to its shape keeps the row's width and repeats the row N
  // times.
  const Value shape = graph.Node("Shape", "model/shape", {any});
  return graph.Node("Expand", "model/expand", {values, shape});
}

}  // namespace quern::model
