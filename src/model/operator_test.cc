// Single operators of ai.onnx.ml with attributes at random, compiled and by ONNX Runtime: what the
// fixtures' exporters happen not to write.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <cmath>

#include "base/random.h"
#include "model/compiled_engine.h"
#include "model/onnx_graph.h"
#include "model/ort_engine.h"
#include "tests/model/engine_compare.h"

namespace quern::model {
namespace {

constexpr size_t kColumns = 4;

/// A matrix [N,4] of floats, from four columns of doubles.
Value Matrix(GraphWriter& graph, bool floats = true) {
  std::vector<Value> columns;
  for (size_t c = 0; c < kColumns; ++c) {
    columns.push_back(*graph.Input("x" + std::to_string(c), DataType::kFp64));
  }
  const Value matrix =
      graph.Node("Concat", "matrix", std::span<const Value>(columns), {{"axis", int64_t{1}}});
  return floats ? graph.Node("Cast", "floats", {matrix}, {{"to", kCastFloat}}) : matrix;
}

/// Coarse values, so that thresholds are met exactly, with missing and extreme ones.
Frame Rows(size_t rows, Rng& rng) {
  static const double kOdd[] = {std::nan(""), INFINITY, -INFINITY, 1e300, -0.0, 5e-324, 0.1};
  Frame frame;
  for (size_t c = 0; c < kColumns; ++c) {
    Column column;
    column.name = "x" + std::to_string(c);
    for (size_t r = 0; r < rows; ++r) {
      double value = static_cast<double>(rng.Below(9)) / 2 - 2;
      if (rng.Below(5) == 0) value = kOdd[rng.Below(std::size(kOdd))];
      column.numbers.push_back(value);
    }
    frame.columns.push_back(std::move(column));
  }
  return frame;
}

Frame TameRows(size_t rows, Rng& rng) {
  Frame frame = Rows(rows, rng);
  for (Column& column : frame.columns) {
    for (double& value : column.numbers) {
      if (!(std::abs(value) < 10)) value = 1;
    }
  }
  return frame;
}

/// "" if the graph is compiled and answers as ONNX Runtime does; "not covered" if it is not.
std::string Compare(GraphWriter& graph, const Frame& many) {
  const auto onnx = graph.Finish("test");
  if (!onnx) return onnx.error().ToString();
  const auto compiled = CompileModel(*onnx);
  if (!compiled) {
    return compiled.error().code == Code::kUnimplemented ? "not covered"
                                                         : compiled.error().ToString();
  }
  const auto reference = MakeOnnxRuntimeEngine(*onnx);
  if (!reference) return reference.error().ToString();
  Arena arena;
  const testing::Batch batch((*reference)->inputs(), many, arena);
  std::string found = testing::Difference(*compiled->engine, **reference, batch.views(), arena);
  const uint32_t zero = 0;
  const Frame one = many.Take({&zero, 1});
  const testing::Batch single((*reference)->inputs(), one, arena);
  if (found.empty()) {
    found = testing::Difference(*compiled->engine, **reference, single.views(), arena);
  }
  return found;
}

void Declare(GraphWriter& graph, const Value& value, DataType type, std::vector<int64_t> shape) {
  graph.Reserve("y");
  graph.NodeTo("Identity", "y", {value});
  graph.Output("y", type, shape);
}

struct TreeGraph {
  std::vector<int64_t> trees, nodes, features, yes, no, missing, leaf_trees, leaf_nodes, targets;
  std::vector<std::string> modes;
  std::vector<float> thresholds, weights;
};

/// Random trees of every kind of comparison. `dense`: each leaf counts for every target.
TreeGraph RandomForest(size_t trees, int64_t targets, bool dense, bool positive, Rng& rng) {
  static const char* const kModes[] = {"BRANCH_LEQ", "BRANCH_LT", "BRANCH_GTE",
                                       "BRANCH_GT",  "BRANCH_EQ", "BRANCH_NEQ"};
  TreeGraph f;
  for (size_t t = 0; t < trees; ++t) {
    const size_t inner = rng.Below(12);
    for (size_t n = 0; n < 2 * inner + 1; ++n) {
      const bool leaf = n >= inner;
      f.trees.push_back(static_cast<int64_t>(t));
      f.nodes.push_back(static_cast<int64_t>(n));
      f.features.push_back(leaf ? 0 : static_cast<int64_t>(rng.Below(kColumns)));
      f.modes.emplace_back(leaf ? "LEAF" : kModes[rng.Below(std::size(kModes))]);
      f.thresholds.push_back(leaf ? 0.0F : static_cast<float>(rng.Below(9)) / 2 - 2);
      // A heap: the children of n are 2n+1 and 2n+2.
      f.yes.push_back(leaf ? 0 : static_cast<int64_t>(2 * n + 1));
      f.no.push_back(leaf ? 0 : static_cast<int64_t>(2 * n + 2));
      f.missing.push_back(leaf ? 0 : static_cast<int64_t>(rng.Below(2)));
      if (!leaf) continue;
      for (int64_t k = 0; k < targets; ++k) {
        if (!dense && k != static_cast<int64_t>(t) % targets) continue;
        f.leaf_trees.push_back(static_cast<int64_t>(t));
        f.leaf_nodes.push_back(static_cast<int64_t>(n));
        f.targets.push_back(k);
        const double weight = rng.Normal() / 3;
        f.weights.push_back(static_cast<float>(positive ? std::abs(weight) / 10 : weight));
      }
    }
  }
  return f;
}

std::vector<Attribute> AttributesOf(const TreeGraph& f, const std::string& prefix) {
  return {{"nodes_treeids", f.trees},          {"nodes_nodeids", f.nodes},
          {"nodes_featureids", f.features},    {"nodes_modes", f.modes},
          {"nodes_values", f.thresholds},      {"nodes_truenodeids", f.yes},
          {"nodes_falsenodeids", f.no},        {"nodes_missing_value_tracks_true", f.missing},
          {prefix + "_treeids", f.leaf_trees}, {prefix + "_nodeids", f.leaf_nodes},
          {prefix + "_ids", f.targets},        {prefix + "_weights", f.weights}};
}

TEST_CASE("Tree regressors: every comparison, missing values either way, sums and averages") {
  const Rng root(7);
  for (uint64_t i = 0; i < 400; ++i) {
    CAPTURE(i);
    Rng rng = root.Fork(i);
    GraphWriter graph;
    const Value matrix = Matrix(graph);
    const auto targets = static_cast<int64_t>(1 + rng.Below(3));
    auto attributes = AttributesOf(
        RandomForest(1 + rng.Below(40), targets, rng.Below(2) == 0, false, rng), "target");
    attributes.push_back({"n_targets", targets});
    attributes.push_back(
        {"aggregate_function", std::string(rng.Below(2) == 0 ? "SUM" : "AVERAGE")});
    if (targets > 1) {
      static const char* const kTransforms[] = {"NONE", "SOFTMAX", "LOGISTIC"};
      attributes.push_back({"post_transform", std::string(kTransforms[rng.Below(3)])});
    }
    if (rng.Below(2) == 0) {
      std::vector<float> base;
      for (int64_t k = 0; k < targets; ++k) base.push_back(static_cast<float>(rng.Normal()));
      attributes.push_back({"base_values", base});
    }
    Declare(graph, graph.MlNode("TreeEnsembleRegressor", "trees", {matrix}, attributes),
            DataType::kFp32, {-1, targets});
    CHECK(Compare(graph, Rows(1 + rng.Below(40), rng)) == "");
  }
}

TEST_CASE("Tree classifiers: two classes and many, every way to decide") {
  const Rng root(8);
  size_t covered = 0;
  for (uint64_t i = 0; i < 400; ++i) {
    CAPTURE(i);
    Rng rng = root.Fork(i);
    GraphWriter graph;
    const Value matrix = Matrix(graph);
    const auto classes = static_cast<int64_t>(2 + rng.Below(3));
    const bool one_score = classes == 2 && rng.Below(4) != 0;
    const bool positive = rng.Below(2) == 0;
    TreeGraph forest =
        RandomForest(1 + rng.Below(20), one_score ? 1 : classes, rng.Below(2) == 0, positive, rng);
    auto attributes = AttributesOf(forest, "class");
    static const char* const kTransforms[] = {"NONE", "SOFTMAX", "LOGISTIC"};
    attributes.push_back({"post_transform", std::string(kTransforms[rng.Below(3)])});
    std::vector<std::string> names;
    std::vector<int64_t> numbers;
    for (int64_t k = 0; k < classes; ++k) {
      names.push_back(fmt::format("class {}", k));
      numbers.push_back(k * (rng.Below(2) == 0 ? 1 : 5));
    }
    if (rng.Below(2) == 0) {
      attributes.push_back({"classlabels_strings", names});
    } else {
      attributes.push_back({"classlabels_int64s", numbers});
    }
    if (rng.Below(3) == 0) attributes.push_back({"base_values", std::vector<float>{0.25F}});
    const std::vector<Value> outputs =
        graph.MlNodeOf("TreeEnsembleClassifier", "trees", {matrix}, 2, attributes);
    const bool text = attributes[attributes.size() - 1].name == "classlabels_strings" ||
                      attributes[attributes.size() - 2].name == "classlabels_strings";
    graph.Reserve("label");
    graph.Reserve("scores");
    graph.NodeTo("Identity", "label", {outputs[0]});
    graph.NodeTo("Identity", "scores", {outputs[1]});
    graph.Output("label", text ? DataType::kBytes : DataType::kInt64, std::vector<int64_t>{-1});
    graph.Output("scores", DataType::kFp32, std::vector<int64_t>{-1, classes});
    const std::string difference = Compare(graph, Rows(1 + rng.Below(40), rng));
    covered += difference.empty();
    if (difference != "not covered") CHECK(difference == "");
  }
  CHECK(covered > 150);
}

TEST_CASE("Linear classifiers and regressors, normalizers, scalers and imputers") {
  const Rng root(9);
  for (uint64_t i = 0; i < 300; ++i) {
    CAPTURE(i);
    Rng rng = root.Fork(i);
    GraphWriter graph;
    Value matrix = Matrix(graph);
    static const char* const kNorms[] = {"MAX", "L1", "L2"};
    const auto reals = [&](size_t count) {
      std::vector<float> values;
      for (size_t k = 0; k < count; ++k) values.push_back(static_cast<float>(rng.Normal()));
      return values;
    };
    switch (rng.Below(6)) {
      case 0:
        matrix = graph.MlNode("Normalizer", "norm", {matrix},
                              {{"norm", std::string(kNorms[rng.Below(3)])}});
        break;
      case 1:
        matrix = graph.MlNode("Scaler", "scale", {matrix},
                              {{"offset", reals(kColumns)}, {"scale", reals(kColumns)}});
        break;
      case 2:
        matrix = graph.MlNode("Imputer", "impute", {matrix},
                              {{"imputed_value_floats", reals(rng.Below(2) == 0 ? 1 : kColumns)},
                               {"replaced_value_float", rng.Below(2) == 0 ? 0.5F : std::nanf("")}});
        break;
      case 3:
        matrix = graph.MlNode("Binarizer", "binary", {matrix}, {{"threshold", 0.5F}});
        break;
      default:
        break;
    }
    const size_t outputs = 1 + rng.Below(3);
    const auto width = static_cast<int64_t>(outputs);
    if (rng.Below(2) == 0) {
      Declare(graph,
              graph.MlNode("LinearRegressor", "linear", {matrix},
                           {{"coefficients", reals(outputs * kColumns)},
                            {"intercepts", reals(outputs)},
                            {"targets", width}}),
              DataType::kFp32, {-1, width});
    } else {
      const std::vector<std::string> labels = {"a", "b", "c"};
      const size_t classes = std::max<size_t>(outputs, 2);
      static const char* const kTransforms[] = {"NONE", "LOGISTIC", "SOFTMAX"};
      const std::vector<Value> made = graph.MlNodeOf(
          "LinearClassifier", "linear", {matrix}, 2,
          {{"coefficients", reals(outputs * kColumns)},
           {"intercepts", reals(outputs)},
           {"post_transform", std::string(kTransforms[rng.Below(outputs == 1 ? 2 : 3)])},
           {"classlabels_strings",
            std::vector<std::string>(labels.begin(), labels.begin() + static_cast<int>(classes))}});
      graph.Reserve("label");
      graph.NodeTo("Identity", "label", {made[0]});
      graph.Output("label", DataType::kBytes, std::vector<int64_t>{-1});
      Declare(graph, made[1], DataType::kFp32, {-1, static_cast<int64_t>(classes)});
    }
    CHECK(Compare(graph, TameRows(1 + rng.Below(40), rng)) == "");
  }
}

TEST_CASE("Look-ups by text, integer and number") {
  Rng rng(10);
  GraphWriter graph;
  const Value matrix = Matrix(graph);
  const Value whole = graph.Node("Cast", "whole", {matrix}, {{"to", kCastInt64}});
  const Value names = graph.MlNode(
      "LabelEncoder", "names", {whole},
      {{"keys_int64s", std::vector<int64_t>{-1, 0, 2, 1, 0}},
       {"values_strings", std::vector<std::string>{"minus", "null", "two", "one", "no"}},
       {"default_string", std::string("many")}});
  const Value back =
      graph.MlNode("LabelEncoder", "back", {names},
                   {{"keys_strings", std::vector<std::string>{"null", "two", "many"}},
                    {"values_floats", std::vector<float>{0.5F, 2, 9}},
                    {"default_float", -1.0F}});
  const Value again = graph.MlNode("LabelEncoder", "again", {back},
                                   {{"keys_floats", std::vector<float>{0.5F, 9}},
                                    {"values_int64s", std::vector<int64_t>{3, 4}},
                                    {"default_int64", int64_t{7}}});
  Declare(graph, again, DataType::kInt64, {-1, static_cast<int64_t>(kColumns)});
  CHECK(Compare(graph, TameRows(100, rng)) == "");
}

TEST_CASE("What is not covered names the node and its operator") {
  GraphWriter graph;
  const Value matrix = Matrix(graph);
  Declare(graph, graph.Node("Det", "determinant", {matrix}), DataType::kFp32, {-1});
  const auto compiled = CompileModel(*graph.Finish("test"));
  REQUIRE(!compiled.has_value());
  CHECK(compiled.error().code == Code::kUnimplemented);
  CHECK(compiled.error().message == "node 'determinant' (Det): the operator is not covered");
}

}  // namespace
}  // namespace quern::model
