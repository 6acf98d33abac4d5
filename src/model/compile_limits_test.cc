// Graphs that are small files and would be large programs: refused, soon and by name.
#include <doctest/doctest.h>

#include "model/compile.h"
#include "model/engine_choice.h"
#include "model/onnx_graph.h"

namespace quern::model {
namespace {

/// How the compiled engine refuses the graph.
Error Refusal(GraphWriter& graph) {
  const auto onnx = graph.Finish("test");
  REQUIRE(onnx.has_value());
  const auto engine = MakeEngine(*onnx, EnginePreference::kCompiled);
  REQUIRE_FALSE(engine.has_value());
  return engine.error();
}

constexpr int64_t kMany = 65'536;

TEST_CASE("a wide value whose only row is chosen many times") {
  GraphWriter graph;
  REQUIRE(graph.Input("x", DataType::kFp64).has_value());
  const std::vector<double> wide(kMany, 1.5);
  const std::vector<int64_t> zeros(kMany, 0);
  const Value table = graph.Doubles("table", wide, {1, kMany});
  const Value chosen = graph.Node("Gather", "chosen", {table, graph.Ints("zeros", zeros, {kMany})},
                                  {{"axis", int64_t{0}}});
  graph.Reserve("y");
  graph.NodeTo("Add", "y", {"x", chosen});
  graph.Output("y", DataType::kFp64, std::vector<int64_t>{-1, kMany});
  CHECK(Refusal(graph).message.find("node 'chosen' (Gather): so large a value") !=
        std::string::npos);
}

TEST_CASE("a tall value whose only column is chosen many times") {
  GraphWriter graph;
  REQUIRE(graph.Input("x", DataType::kFp64).has_value());
  const std::vector<double> tall(kMany, 1.5);
  const std::vector<int64_t> zeros(kMany, 0);
  const Value table = graph.Doubles("table", tall, {kMany, 1});
  const Value chosen = graph.MlNode("ArrayFeatureExtractor", "chosen",
                                    {table, graph.Ints("zeros", zeros, {kMany})}, {});
  graph.Reserve("y");
  graph.NodeTo("Add", "y", {"x", chosen});
  graph.Output("y", DataType::kFp64, std::vector<int64_t>{-1, kMany});
  CHECK(Refusal(graph).message.find("node 'chosen' (ArrayFeatureExtractor): so large a value") !=
        std::string::npos);
}

TEST_CASE("distances that double with every node") {
  GraphWriter graph;
  const auto x = graph.Input("x", DataType::kFp64);
  REQUIRE(x.has_value());
  const std::vector<double> points(64, 0.5);
  const Value less = graph.Node("Sub", "less", {*x, graph.Doubles("points", points, {1, 64})});
  Value sum = graph.Node("Mul", "square", {less, less});
  for (int i = 0; i < 40; ++i) sum = graph.Node("Add", "sum", {sum, sum});
  graph.Reserve("y");
  graph.NodeTo("Identity", "y", {sum});
  graph.Output("y", DataType::kFp64, std::vector<int64_t>{-1, 64});
  CHECK(Refusal(graph).message.find("nearest neighbours of so many features") != std::string::npos);
}

TEST_CASE("positions whose choices double with every node") {
  GraphWriter graph;
  const auto x = graph.Input("x", DataType::kFp64);
  REQUIRE(x.has_value());
  const auto integer = [&](const Value& of) {
    return graph.Node("Cast", "integer", {of}, {{"to", int64_t{7}}});  // TensorProto.INT64
  };
  Value a = integer(*x);
  Value b = integer(graph.Node("Neg", "other", {*x}));
  for (int i = 0; i < 40; ++i) {
    const std::vector<double> limit{static_cast<double>(i)};
    const Value low =
        graph.Node("Less", "low", {*x, graph.Doubles("limit", limit, std::vector<int64_t>{1, 1})});
    const Value next = graph.Node("Where", "next", {low, a, b});
    b = graph.Node("Where", "swapped", {low, b, a});
    a = next;
  }
  const std::vector<double> three{1, 2, 3};
  graph.Reserve("y");
  graph.NodeTo("Gather", "y", {graph.Doubles("table", three, {3}), a}, {{"axis", int64_t{0}}});
  graph.Output("y", DataType::kFp64, std::vector<int64_t>{-1, 1});
  CHECK(Refusal(graph).message.find("positions that are not known to be in range") !=
        std::string::npos);
}

TEST_CASE("a dimension of 0 hides no giant one") {
  CHECK(CountItems(std::vector<int64_t>{0, int64_t{1} << 62}) > kMostItems);
  CHECK(CountItems(std::vector<int64_t>{int64_t{1} << 62, 0}) > kMostItems);
  CHECK(CountItems(std::vector<int64_t>{0, 5}) == 0);
  CHECK(CountItems(std::vector<int64_t>{}) == 1);
  CHECK(CountItems(std::vector<int64_t>{kMany}) == kMostItems);
  CHECK(CountItems(std::vector<int64_t>{kMany, 2}) > kMostItems);
}

}  // namespace
}  // namespace quern::model
