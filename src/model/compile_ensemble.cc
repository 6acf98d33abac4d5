#include "model/compile_ensemble.h"

#include <fmt/format.h>

#include <cmath>
#include <limits>
#include <map>
#include <unordered_map>

namespace quern::model {
namespace {

/// NAME, or NAME_as_tensor.
std::vector<double> RealsOf(NodeContext& node, const std::string& name) {
  if (const Constant* tensor = node.Tensor(name + "_as_tensor")) {
    if (const auto* doubles = std::get_if<std::vector<double>>(&tensor->values)) return *doubles;
    if (const auto* floats = std::get_if<std::vector<float>>(&tensor->values)) {
      return {floats->begin(), floats->end()};
    }
  }
  const std::vector<float> floats = node.Floats(name);
  return {floats.begin(), floats.end()};
}

Result<TreeAttributes> ReadAttributes(NodeContext& node, const std::string& prefix) {
  TreeAttributes a;
  a.trees = node.Ints("nodes_treeids");
  a.nodes = node.Ints("nodes_nodeids");
  a.features = node.Ints("nodes_featureids");
  a.yes = node.Ints("nodes_truenodeids");
  a.no = node.Ints("nodes_falsenodeids");
  a.missing_yes = node.Ints("nodes_missing_value_tracks_true");
  a.modes = node.Texts("nodes_modes");
  a.thresholds = RealsOf(node, "nodes_values");
  a.weight_trees = node.Ints(prefix + "_treeids");
  a.weight_nodes = node.Ints(prefix + "_nodeids");
  a.weight_targets = node.Ints(prefix + "_ids");
  a.weights = RealsOf(node, prefix + "_weights");
  a.base = RealsOf(node, "base_values");
  if (a.missing_yes.empty()) a.missing_yes.resize(a.nodes.size(), 0);
  const size_t count = a.nodes.size();
  if (count == 0 || a.trees.size() != count || a.features.size() != count ||
      a.yes.size() != count || a.no.size() != count || a.missing_yes.size() != count ||
      a.modes.size() != count || a.thresholds.size() != count) {
    return node.Invalid("its nodes' attributes differ in length");
  }
  if (a.weight_nodes.size() != a.weights.size() || a.weight_trees.size() != a.weights.size() ||
      a.weight_targets.size() != a.weights.size()) {
    return node.Invalid("its weights' attributes differ in length");
  }
  return a;
}

struct NodeKey {
  int64_t tree;
  int64_t node;
  bool operator==(const NodeKey&) const = default;
};
struct NodeKeyHash {
  size_t operator()(const NodeKey& key) const {
    return std::hash<int64_t>()(key.tree) * 0x9E3779B97F4A7C15U ^ std::hash<int64_t>()(key.node);
  }
};
using NodeIndex = std::unordered_map<NodeKey, size_t, NodeKeyHash>;

/// A value that can never be NaN, so that a node need not care where NaN goes.
bool NeverNaN(const Terms& terms, TermId id) {
  const Term& term = terms.at(id);
  switch (term.op) {
    case Op::kConstant:
      return !std::isnan(terms.NumberOf(id));
    case Op::kCast:
      return term.bank != Bank::kText &&
             (terms.at(term.a).bank == Bank::kInteger || NeverNaN(terms, term.a));
    case Op::kNumeric: {
      const NumericStep& step = terms.numeric()[static_cast<size_t>(term.extra)];
      return step.imputes && std::isfinite(step.impute) && std::isfinite(step.offset) &&
             std::isfinite(step.scale) && step.scale != 0 && !step.multiplies;
    }
    default:
      return false;
  }
}

/// Collects what the kernel reads: features as floats, and those that comparisons need besides.
class FeatureList {
 public:
  FeatureList(Terms& terms, const std::vector<TermId>& features, bool from_double) : terms_(terms) {
    for (TermId feature : features) {
      source_.push_back(feature);
      // Thresholds are floats: x <= t exactly if x, rounded up to a float, is.
      floats_.push_back(from_double ? terms.Make(Op::kRoundUp, Bank::kFloat, feature)
                                    : terms.Cast(feature, Bank::kFloat));
    }
  }
  size_t size() const { return source_.size(); }
  bool NeverMissing(size_t feature) const { return NeverNaN(terms_, source_[feature]); }
  int32_t Plain(size_t feature) { return Use(floats_[feature]); }
  /// -x, where x is rounded as `from_double` asks.
  int32_t Negated(size_t feature) {
    return Use(terms_.Make(Op::kNeg, Bank::kFloat, floats_[feature]));
  }
  /// 0 if the condition holds, else 1: "<= 0.5" reads it.
  int32_t Unless(TermId condition) {
    return Use(terms_.Cast(terms_.Make(Op::kNot, Bank::kInteger, condition), Bank::kFloat));
  }
  TermId Float(size_t feature) const { return floats_[feature]; }
  std::vector<TermId> used() const { return used_; }

 private:
  int32_t Use(TermId term) {
    const auto [at, added] = place_.try_emplace(term, static_cast<int32_t>(used_.size()));
    if (added) used_.push_back(term);
    return at->second;
  }
  Terms& terms_;
  std::vector<TermId> source_;
  std::vector<TermId> floats_;
  std::vector<TermId> used_;
  std::map<TermId, int32_t> place_;
};

/// The largest float below; NaN, which nothing is less than or equal to, for -infinity.
float Below(float value) {
  constexpr float kInf = std::numeric_limits<float>::infinity();
  return value == -kInf ? std::numeric_limits<float>::quiet_NaN() : std::nextafter(value, -kInf);
}

class EnsembleBuilder {
 public:
  EnsembleBuilder(NodeContext& node, const TreeAttributes& a, FeatureList& features,
                  bool from_double)
      : node_(node), a_(a), features_(features), from_double_(from_double) {}

  Result<EnsembleSpec> Build(size_t targets) {
    spec_.targets = targets;
    spec_.doubles = from_double_;
    QUERN_TRY(Locate());
    for (size_t i = 0; i < a_.nodes.size(); ++i) QUERN_TRY(AddNode(i));
    QUERN_TRY(AddWeights());
    if (spec_.trees.empty()) return node_.Invalid("it has no trees");
    return std::move(spec_);
  }

 private:
  /// Positions: the root of a tree comes first, whatever the file's order.
  Status Locate() {
    for (size_t i = 0; i < a_.nodes.size(); ++i) {
      if (!index_.try_emplace({a_.trees[i], a_.nodes[i]}, i).second) {
        return node_.Invalid(
            fmt::format("node {} of tree {} is told twice", a_.nodes[i], a_.trees[i]));
      }
    }
    std::vector<bool> is_child(a_.nodes.size(), false);
    for (size_t i = 0; i < a_.nodes.size(); ++i) {
      if (a_.modes[i] == "LEAF") continue;
      for (int64_t child : {a_.yes[i], a_.no[i]}) {
        const auto found = index_.find({a_.trees[i], child});
        if (found == index_.end()) {
          return node_.Invalid(fmt::format("tree {} lacks node {}", a_.trees[i], child));
        }
        is_child[found->second] = true;
      }
    }
    std::unordered_map<int64_t, size_t> tree_of;
    position_.resize(a_.nodes.size());
    for (size_t i = 0; i < a_.nodes.size(); ++i) {
      if (is_child[i]) continue;
      if (!tree_of.try_emplace(a_.trees[i], spec_.trees.size()).second) {
        return node_.Invalid(fmt::format("tree {} has two roots", a_.trees[i]));
      }
      spec_.trees.emplace_back(1);
      position_[i] = 0;
    }
    tree_.resize(a_.nodes.size());
    for (size_t i = 0; i < a_.nodes.size(); ++i) {
      const auto tree = tree_of.find(a_.trees[i]);
      if (tree == tree_of.end()) {
        return node_.Invalid(fmt::format("tree {} is a circle", a_.trees[i]));
      }
      tree_[i] = tree->second;
      if (!is_child[i]) continue;
      position_[i] = spec_.trees[tree_[i]].size();
      spec_.trees[tree_[i]].emplace_back();
    }
    return {};
  }

  Status AddNode(size_t i) {
    TreeNodeSpec& out = spec_.trees[tree_[i]][position_[i]];
    const std::string& mode = a_.modes[i];
    if (mode == "LEAF") return {};
    const int64_t feature = a_.features[i];
    if (feature < 0 || static_cast<size_t>(feature) >= features_.size()) {
      return node_.Invalid(
          fmt::format("node {} reads feature {} of {}", a_.nodes[i], feature, features_.size()));
    }
    out.threshold = static_cast<float>(a_.thresholds[i]);
    if (static_cast<double>(out.threshold) != a_.thresholds[i] && !std::isnan(a_.thresholds[i])) {
      return node_.Uncovered("a threshold of double precision");
    }
    out.yes = Child(i, a_.yes[i]);
    out.no = Child(i, a_.no[i]);
    return Compare(mode, static_cast<size_t>(feature), a_.missing_yes[i] != 0, out);
  }

  int32_t Child(size_t i, int64_t id) const {
    return static_cast<int32_t>(position_[index_.at({a_.trees[i], id})]);
  }

  Status Compare(const std::string& mode, size_t feature, bool missing_yes, TreeNodeSpec& out) {
    const float t = out.threshold;
    if (mode == "BRANCH_EQ" || mode == "BRANCH_NEQ")
      return CompareEqual(mode, feature, missing_yes, out);
    bool above = mode == "BRANCH_GT" || mode == "BRANCH_GTE";
    const bool strict = mode == "BRANCH_GT" || mode == "BRANCH_LT";
    if (!above && mode != "BRANCH_LEQ" && mode != "BRANCH_LT") {
      return node_.Uncovered("the comparison " + mode);
    }
    // NaN belongs to "no". Where it should go to "yes", the opposite question is asked; where it
    // cannot occur, whichever is about x itself.
    bool opposite = missing_yes;
    if (features_.NeverMissing(feature) && !std::isnan(t)) opposite = above;
    bool excludes = strict;
    if (opposite) {
      std::swap(out.yes, out.no);
      above = !above;
      excludes = !strict;
    }
    if (!above) {
      if (excludes && from_double_) return node_.Uncovered("a strict comparison of doubles");
      out.feature = features_.Plain(feature);
      out.threshold = excludes ? Below(t) : t;
    } else {
      // x > t as -x < -t, x >= t as -x <= -t. Rounded up, a double does not tell x >= t.
      if (from_double_ && !excludes) return node_.Uncovered("this comparison of doubles");
      out.feature = features_.Negated(feature);
      out.threshold = excludes ? Below(-t) : -t;
    }
    return {};
  }

  Status CompareEqual(const std::string& mode, size_t feature, bool missing_yes,
                      TreeNodeSpec& out) {
    if (from_double_) return node_.Uncovered("this comparison of doubles");
    Terms& terms = node_.terms();
    const TermId x = features_.Float(feature);
    TermId holds = terms.Make(Op::kEqual, Bank::kInteger, x, terms.Float(out.threshold));
    if (mode == "BRANCH_NEQ") holds = terms.Make(Op::kNot, Bank::kInteger, holds);
    const TermId missing = terms.Make(Op::kIsNaN, Bank::kInteger, x);
    if (missing_yes) holds = terms.Make(Op::kOr, Bank::kInteger, holds, missing);
    out.feature = features_.Unless(holds);
    out.threshold = 0.5F;
    return {};
  }

  Status AddWeights() {
    std::vector<std::vector<LeafWeight>> per_node(a_.nodes.size());
    for (size_t w = 0; w < a_.weights.size(); ++w) {
      const auto found = index_.find({a_.weight_trees[w], a_.weight_nodes[w]});
      if (found == index_.end() || a_.weight_targets[w] < 0 ||
          static_cast<size_t>(a_.weight_targets[w]) >= spec_.targets) {
        return node_.Invalid(fmt::format("weight {} belongs to no leaf, or to no target", w));
      }
      if (a_.modes[found->second] != "LEAF") continue;
      per_node[found->second].push_back(
          {static_cast<int32_t>(a_.weight_targets[w]), a_.weights[w]});
    }
    for (size_t i = 0; i < per_node.size(); ++i) {
      TreeNodeSpec& leaf = spec_.trees[tree_[i]][position_[i]];
      leaf.first_weight = static_cast<uint32_t>(spec_.weights.size());
      leaf.weight_count = static_cast<uint32_t>(per_node[i].size());
      spec_.weights.insert(spec_.weights.end(), per_node[i].begin(), per_node[i].end());
    }
    return {};
  }

  NodeContext& node_;
  const TreeAttributes& a_;
  FeatureList& features_;
  bool from_double_;
  EnsembleSpec spec_;
  NodeIndex index_;
  std::vector<size_t> tree_;
  std::vector<size_t> position_;
};

}  // namespace

Result<Sums> SumsOf(NodeContext& node, const std::string& prefix, size_t targets) {
  QUERN_ASSIGN(const SymTensor input, node.Input(0));
  if (!input.rows || input.dims.size() != 1 || input.bank() == Bank::kText) {
    return node.Uncovered("this kind of input");
  }
  if (targets == 0 || targets > 4096) return node.Uncovered("this number of targets");
  Sums sums;
  QUERN_ASSIGN(sums.attributes, ReadAttributes(node, prefix));
  const bool from_double = input.type == DataType::kFp64;
  FeatureList features(node.terms(), input.items, from_double);
  QUERN_ASSIGN(sums.spec,
               EnsembleBuilder(node, sums.attributes, features, from_double).Build(targets));
  std::vector<TermId> used = features.used();
  if (used.empty()) used.push_back(features.Float(0));
  auto kernel = MakeTrees(std::move(used), sums.spec);
  if (!kernel && kernel.error().code == Code::kResourceExhausted) {
    return node.Uncovered("so large an ensemble");
  }
  if (!kernel) return node.Invalid(kernel.error().message);
  sums.bank = (*kernel)->output_bank;
  sums.trees = sums.spec.trees.size();
  sums.items = node.terms().AddKernel(std::move(*kernel));
  return sums;
}

}  // namespace quern::model
