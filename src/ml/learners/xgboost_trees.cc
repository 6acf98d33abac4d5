#include <cmath>

#include "base/text.h"
#include "ml/learners/ubjson.h"
#include "ml/learners/xgboost.h"

namespace quern::ml {
namespace {

std::unexpected<Error> Bad(const std::string& what) {
  return Fail(Code::kInternal, "xgboost model: " + what);
}

Result<const UbjValue*> At(const UbjValue& root, std::initializer_list<const char*> path) {
  const UbjValue* value = &root;
  for (const char* name : path) {
    value = value->Find(name);
    if (!value) return Bad(std::string("no '") + name + "'");
  }
  return value;
}

Result<std::string> TextAt(const UbjValue& root, std::initializer_list<const char*> path) {
  QUERN_ASSIGN(const UbjValue* value, At(root, path));
  if (value->kind != UbjValue::Kind::kText) return Bad("a member is not text");
  return value->text;
}

/// "[5.004E-1]" or "5.004E-1", in the space of predictions, one number or one per output.
Result<std::vector<double>> BaseScores(std::string_view text) {
  std::vector<double> scores;
  if (StartsWith(text, "[")) text = text.substr(1, text.size() - 2);
  for (const std::string_view part : Split(text, ',')) {
    const auto number = ParseDouble(part);
    if (!number) return Bad("base_score is '" + std::string(text) + "'");
    scores.push_back(*number);
  }
  return scores;
}

Status SetObjective(const UbjValue& root, TreeEnsemble& ensemble) {
  QUERN_ASSIGN(const std::string objective, TextAt(root, {"learner", "objective", "name"}));
  QUERN_ASSIGN(const std::string classes,
               TextAt(root, {"learner", "learner_model_param", "num_class"}));
  QUERN_ASSIGN(const std::string base,
               TextAt(root, {"learner", "learner_model_param", "base_score"}));
  QUERN_ASSIGN(const std::vector<double> scores, BaseScores(base));
  ensemble.leaf_width = 1;
  ensemble.outputs = 1;
  if (objective == "binary:logistic") {
    ensemble.link = Link::kLogistic;
  } else if (objective == "multi:softprob") {
    ensemble.link = Link::kSoftmax;
    ensemble.outputs = static_cast<size_t>(ParseInt(classes).value_or(0));
  } else if (objective == "reg:squarederror") {
    ensemble.link = Link::kIdentity;
  } else {
    return Bad("objective '" + objective + "' is not one of ours");
  }
  if (scores.empty() || (scores.size() != 1 && scores.size() != ensemble.outputs))
    return Bad("base_score '" + base + "' does not fit its outputs");
  for (size_t k = 0; k < ensemble.outputs; ++k) {
    const double score = scores[scores.size() == 1 ? 0 : k];
    // The logistic objective keeps a probability; the others a margin.
    ensemble.base.push_back(
        static_cast<float>(ensemble.link == Link::kLogistic ? -std::log(1 / score - 1) : score));
  }
  return {};
}

Result<const std::vector<double>*> Numbers(const UbjValue& tree, const char* name, size_t nodes) {
  QUERN_ASSIGN(const UbjValue* value, At(tree, {name}));
  if (value->numbers.size() != nodes) return Bad(std::string("'") + name + "' has another length");
  return &value->numbers;
}

Status AddTree(const UbjValue& tree, TreeEnsemble& ensemble) {
  QUERN_ASSIGN(const UbjValue* left_value, At(tree, {"left_children"}));
  const size_t nodes = left_value->numbers.size();
  if (nodes == 0) return Bad("a tree without nodes");
  QUERN_ASSIGN(const auto* left, Numbers(tree, "left_children", nodes));
  QUERN_ASSIGN(const auto* right, Numbers(tree, "right_children", nodes));
  QUERN_ASSIGN(const auto* column, Numbers(tree, "split_indices", nodes));
  QUERN_ASSIGN(const auto* condition, Numbers(tree, "split_conditions", nodes));
  QUERN_ASSIGN(const auto* default_left, Numbers(tree, "default_left", nodes));
  QUERN_ASSIGN(const auto* type, Numbers(tree, "split_type", nodes));
  std::vector<TreeNode> out(nodes);
  for (size_t i = 0; i < nodes; ++i) {
    TreeNode& node = out[i];
    if ((*left)[i] < 0) {
      node.leaf = static_cast<int32_t>(ensemble.leaves.size());
      ensemble.leaves.push_back(static_cast<float>((*condition)[i]));
      continue;
    }
    if ((*type)[i] != 0) return Bad("a split by category");
    // Children stand behind their parents, so that walking down ends.
    for (const double child : {(*left)[i], (*right)[i]})
      if (child <= static_cast<double>(i) || child >= static_cast<double>(nodes))
        return Bad("a child out of order");
    node.feature = static_cast<int32_t>((*column)[i]);
    node.threshold = static_cast<float>((*condition)[i]);
    node.missing_left = (*default_left)[i] != 0;
    node.left = static_cast<int32_t>((*left)[i]);
    node.right = static_cast<int32_t>((*right)[i]);
  }
  ensemble.trees.push_back(std::move(out));
  return {};
}

}  // namespace

Result<TreeEnsemble> ReadBoostedTrees(std::string_view ubjson) {
  QUERN_ASSIGN(const UbjValue root, ParseUbjson(ubjson));
  TreeEnsemble ensemble;
  QUERN_TRY(SetObjective(root, ensemble));
  QUERN_ASSIGN(const UbjValue* trees, At(root, {"learner", "gradient_booster", "model", "trees"}));
  QUERN_ASSIGN(const UbjValue* outputs,
               At(root, {"learner", "gradient_booster", "model", "tree_info"}));
  if (trees->items.size() != outputs->numbers.size()) return Bad("tree_info has another length");
  for (size_t t = 0; t < trees->items.size(); ++t) {
    // One tree per output and round, in turn: what TreeEnsemble::outputs promises.
    if (outputs->numbers[t] != static_cast<double>(t % ensemble.outputs))
      return Bad("trees are not in the order of their outputs");
    QUERN_TRY(AddTree(trees->items[t], ensemble));
  }
  return ensemble;
}

}  // namespace quern::ml
