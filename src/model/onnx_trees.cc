// Tree ensembles as TreeEnsembleRegressor: margins only. The link is a node of its own, since ONNX
// Runtime ignores post_transform on a single target.
#include <fmt/format.h>

#include "model/onnx_stages.h"

namespace quern::model {
namespace {

/// The operator's attributes, one entry per node or per leaf and target.
struct Attributes {
  std::vector<int64_t> tree_ids, node_ids, feature_ids, true_ids, false_ids, missing_true;
  std::vector<std::string> modes;
  std::vector<float> thresholds;
  std::vector<int64_t> leaf_tree_ids, leaf_node_ids, target_ids;
  std::vector<float> weights;
};

Status CheckNode(const ml::TreeEnsemble& model, size_t tree, size_t index, size_t width) {
  const std::vector<ml::TreeNode>& nodes = model.trees[tree];
  const ml::TreeNode& node = nodes[index];
  const auto inside = [](int32_t value, size_t size) {
    return value >= 0 && static_cast<size_t>(value) < size;
  };
  // Children stand behind their parents, so the walk ends.
  const auto child = [&](int32_t value) {
    return inside(value, nodes.size()) && static_cast<size_t>(value) > index;
  };
  const bool good = node.feature < 0
                        ? inside(node.leaf, model.leaves.size() / model.leaf_width)
                        : inside(node.feature, width) && child(node.left) && child(node.right);
  if (good) return {};
  return Fail(Code::kInvalidArgument,
              fmt::format("node {} of tree {} points outside of the ensemble", index, tree));
}

void AddLeaf(const ml::TreeEnsemble& model, size_t tree, size_t index, Attributes& out) {
  const auto leaf = static_cast<size_t>(model.trees[tree][index].leaf);
  for (size_t i = 0; i < model.leaf_width; ++i) {
    const size_t target = model.leaf_width > 1 ? i : tree % model.outputs;
    out.leaf_tree_ids.push_back(static_cast<int64_t>(tree));
    out.leaf_node_ids.push_back(static_cast<int64_t>(index));
    out.target_ids.push_back(static_cast<int64_t>(target));
    out.weights.push_back(model.leaves[leaf * model.leaf_width + i]);
  }
}

void AddNode(const ml::TreeEnsemble& model, size_t tree, size_t index, Attributes& out) {
  const ml::TreeNode& node = model.trees[tree][index];
  const bool leaf = node.feature < 0;
  out.tree_ids.push_back(static_cast<int64_t>(tree));
  out.node_ids.push_back(static_cast<int64_t>(index));
  out.feature_ids.push_back(leaf ? 0 : node.feature);
  out.modes.push_back(leaf ? "LEAF" : "BRANCH_LT");
  out.thresholds.push_back(leaf ? 0.0F : node.threshold);
  out.true_ids.push_back(leaf ? 0 : node.left);
  out.false_ids.push_back(leaf ? 0 : node.right);
  out.missing_true.push_back(!leaf && node.missing_left ? 1 : 0);
  if (leaf) AddLeaf(model, tree, index, out);
}

}  // namespace

Result<Value> WriteTrees(GraphWriter& graph, const ml::TreeEnsemble& model, const Value& matrix,
                         size_t width) {
  if (model.leaf_width == 0 || model.outputs == 0 || model.trees.empty() ||
      (model.leaf_width > 1 && model.leaf_width != model.outputs) ||
      (!model.base.empty() && model.base.size() != model.outputs)) {
    return Fail(
        Code::kInvalidArgument,
        fmt::format("tree ensemble of {} trees, {} outputs, leaves of {} and {} base "
                    "values is not consistent",
                    model.trees.size(), model.outputs, model.leaf_width, model.base.size()));
  }
  Attributes out;
  for (size_t tree = 0; tree < model.trees.size(); ++tree) {
    for (size_t index = 0; index < model.trees[tree].size(); ++index) {
      QUERN_TRY(CheckNode(model, tree, index, width));
      AddNode(model, tree, index, out);
    }
  }
  std::vector<Attribute> attributes = {
      {"n_targets", static_cast<int64_t>(model.outputs)},
      {"aggregate_function", std::string("SUM")},
      {"post_transform", std::string("NONE")},
      {"nodes_treeids", std::move(out.tree_ids)},
      {"nodes_nodeids", std::move(out.node_ids)},
      {"nodes_featureids", std::move(out.feature_ids)},
      {"nodes_modes", std::move(out.modes)},
      {"nodes_values", std::move(out.thresholds)},
      {"nodes_truenodeids", std::move(out.true_ids)},
      {"nodes_falsenodeids", std::move(out.false_ids)},
      {"nodes_missing_value_tracks_true", std::move(out.missing_true)},
      {"target_treeids", std::move(out.leaf_tree_ids)},
      {"target_nodeids", std::move(out.leaf_node_ids)},
      {"target_ids", std::move(out.target_ids)},
      {"target_weights", std::move(out.weights)},
  };
  if (!model.base.empty()) attributes.push_back({"base_values", model.base});
  const Value floats = graph.Node("Cast", "model/floats", {matrix}, {{"to", kCastFloat}});
  const Value sums =
      graph.MlNode("TreeEnsembleRegressor", "model/trees", {floats}, std::move(attributes));
  const Value margins = graph.Node("Cast", "model/margins", {sums}, {{"to", kCastDouble}});
  return WriteLink(graph, model.link, margins);
}

}  // namespace quern::model
