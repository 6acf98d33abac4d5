// Nearest neighbours by brute force. Squared distances are added up feature by feature: exact
// differences (no x² + y² - 2xy, which cancels), in the order of a plain loop, and [N, points] is
// the largest tensor.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "model/onnx_build.h"
#include "model/onnx_stages.h"

namespace quern::model {
namespace {

Value SquaredDistances(GraphWriter& graph, const ml::KnnModel& model, const Value& matrix) {
  const size_t points = model.targets.size();
  std::vector<Value> columns = {matrix};
  if (model.features > 1) {
    const std::vector<int64_t> ones(model.features, 1);
    const Value sizes = graph.Ints("model/split_sizes", ones, {static_cast<int64_t>(ones.size())});
    columns = graph.NodeOf("Split", "model/column", {matrix, sizes}, model.features,
                           {{"axis", int64_t{1}}});
  }
  Value sum;
  std::vector<double> values(points);
  for (size_t f = 0; f < model.features; ++f) {
    for (size_t p = 0; p < points; ++p) values[p] = model.points[p * model.features + f];
    const Value known =
        graph.Doubles(fmt::format("model/points/{}", f), values, {1, static_cast<int64_t>(points)});
    const Value difference =
        graph.Node("Sub", fmt::format("model/difference/{}", f), {columns[f], known});
    const Value square =
        graph.Node("Mul", fmt::format("model/square/{}", f), {difference, difference});
    sum = f == 0 ? square : graph.Node("Add", fmt::format("model/sum/{}", f), {sum, square});
  }
  return sum;
}

/// Weights [N,k]: 1/distance; in a row with exact matches those weigh 1 and all others 0.
Value DistanceWeights(GraphWriter& graph, const Value& squared) {
  const Value axis = graph.Ints("model/weight_axis", std::vector<int64_t>{1}, {1});
  const Value distance = graph.Node("Sqrt", "model/distance", {squared});
  const Value exact = graph.Node("Equal", "model/is_exact", {distance, graph.Scalar(0)});
  const Value ones = graph.Node("Cast", "model/exact", {exact}, {{"to", kCastDouble}});
  const Value count = graph.Node("ReduceSum", "model/exact_count", {ones, axis});
  const Value any = graph.Node("Greater", "model/any_exact", {count, graph.Scalar(0)});
  const Value inverse = graph.Node("Div", "model/inverse", {graph.Scalar(1), distance});
  return graph.Node("Where", "model/neighbour_weights", {any, ones, inverse});
}

/// Per training row what a neighbour votes for: [points, classes] one-hot, or [points, 1] values.
Result<Value> Votes(GraphWriter& graph, const ml::KnnModel& model, size_t classes) {
  const size_t points = model.targets.size();
  if (classes == 0) {
    return graph.Doubles("model/targets", model.targets, {static_cast<int64_t>(points), 1});
  }
  std::vector<double> one_hot(points * classes, 0.0);
  for (size_t p = 0; p < points; ++p) {
    const double target = model.targets[p];
    if (!(target >= 0 && target < static_cast<double>(classes))) {
      return Fail(Code::kInvalidArgument,
                  fmt::format("nearest-neighbour target {} of row {} is no class of {}", target, p,
                              classes));
    }
    one_hot[p * classes + static_cast<size_t>(target)] = 1;
  }
  return graph.Doubles("model/targets", one_hot,
                       {static_cast<int64_t>(points), static_cast<int64_t>(classes)});
}

}  // namespace

Result<Value> WriteKnn(GraphWriter& graph, const ml::KnnModel& model, const Value& matrix,
                       size_t width, size_t classes) {
  const size_t points = model.targets.size();
  if (model.features != width || points == 0 || model.k == 0 ||
      model.points.size() != points * width) {
    return Fail(Code::kInvalidArgument,
                fmt::format("nearest neighbours with {} targets, {} values and {} features over {} "
                            "columns are not consistent",
                            points, model.points.size(), model.features, width));
  }
  if (points * (width + std::max<size_t>(classes, 1)) > kMaxKnnValues) {
    return Fail(Code::kInvalidArgument,
                fmt::format("nearest neighbours over {} rows and {} features do not fit into one "
                            "model ({} numbers at most)",
                            points, width, kMaxKnnValues),
                "train nearest neighbours on a sample, or use another model");
  }
  const auto k = static_cast<int64_t>(std::min(model.k, points));
  const Value squared = SquaredDistances(graph, model, matrix);
  const Value k_value = graph.Ints("model/k", std::vector<int64_t>{k}, {1});
  const std::vector<Value> nearest =
      graph.NodeOf("TopK", "model/nearest", {squared, k_value}, 2,
                   {{"axis", int64_t{1}}, {"largest", int64_t{0}}, {"sorted", int64_t{1}}});
  QUERN_ASSIGN(const Value votes, Votes(graph, model, classes));
  Value gathered = graph.Node("Gather", "model/votes", {votes, nearest[1]}, {{"axis", int64_t{0}}});
  const Value axis = graph.Ints("model/vote_axis", std::vector<int64_t>{1}, {1});
  const Attribute flat = {"keepdims", int64_t{0}};
  if (!model.distance_weights) {
    const Value sum = graph.Node("ReduceSum", "model/vote_sum", {gathered, axis}, {flat});
    return graph.Node("Div", "model/mean", {sum, graph.Scalar(static_cast<double>(k))});
  }
  const Value weights = DistanceWeights(graph, nearest[0]);
  const Value last = graph.Ints("model/last_axis", std::vector<int64_t>{2}, {1});
  const Value wide = graph.Node("Unsqueeze", "model/wide_weights", {weights, last});
  const Value weighted = graph.Node("Mul", "model/weighted", {gathered, wide});
  const Value sum = graph.Node("ReduceSum", "model/vote_sum", {weighted, axis}, {flat});
  const Value total = graph.Node("ReduceSum", "model/weight_sum", {weights, axis});
  return graph.Node("Div", "model/mean", {sum, total});
}

}  // namespace quern::model
