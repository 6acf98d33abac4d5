#include "model/tree_kernel.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <limits>
#include <numeric>

#include "model/tree_walk.h"

namespace quern::model {
namespace {

constexpr size_t kMostLeafValues = size_t{1} << 26;
constexpr size_t kNarrow = std::numeric_limits<uint16_t>::max();

/// All trees in pre-order, one behind the other.
struct Layout {
  std::vector<WideWalkNode> nodes;
  std::vector<uint32_t> roots;
  std::vector<uint32_t> depths;         // steps to the deepest leaf
  std::vector<const TreeNodeSpec*> at;  // of each position
  bool narrow = true;
};

struct Visit {
  int32_t node = 0;
  uint32_t depth = 0;
  uint32_t parent = 0;  // position
  bool is_no = false;
};

Status AddTree(const std::vector<TreeNodeSpec>& tree, Layout& out) {
  std::vector<bool> seen(tree.size(), false);
  std::vector<Visit> open = {{}};
  const auto root = static_cast<uint32_t>(out.nodes.size());
  uint32_t deepest = 0;
  while (!open.empty()) {
    const Visit visit = open.back();
    open.pop_back();
    const auto index = static_cast<size_t>(visit.node);
    if (visit.node < 0 || index >= tree.size() || seen[index]) {
      return Fail(Code::kInvalidArgument,
                  fmt::format("tree {}: node {} is {}", out.roots.size(), visit.node,
                              visit.node >= 0 && index < tree.size() ? "reached twice" : "missing"),
                  "export the model again");
    }
    seen[index] = true;
    const auto position = static_cast<uint32_t>(out.nodes.size());
    if (visit.is_no) {
      const uint32_t distance = position - visit.parent;
      out.nodes[visit.parent].no = distance;
      out.narrow &= distance <= kNarrow;
    }
    const TreeNodeSpec& node = tree[index];
    out.at.push_back(&node);
    deepest = std::max(deepest, visit.depth);
    if (node.feature < 0) {
      out.nodes.push_back({std::numeric_limits<float>::quiet_NaN(), 0, 0});
      continue;
    }
    out.narrow &= static_cast<size_t>(node.feature) <= kNarrow;
    out.nodes.push_back({node.threshold, static_cast<uint32_t>(node.feature), 0});
    open.push_back({node.no, visit.depth + 1, position, true});
    open.push_back({node.yes, visit.depth + 1, position, false});
  }
  out.roots.push_back(root);
  out.depths.push_back(deepest);
  return {};
}

template <class T>
class Trees : public Kernel {
 public:
  Trees(std::vector<TermId> terms, const EnsembleSpec& spec, Layout layout)
      : depths_(layout.depths), roots_(layout.roots), narrow_(layout.narrow) {
    inputs = std::move(terms);
    outputs = spec.targets;
    input_bank = Bank::kFloat;
    output_bank = std::is_same_v<T, double> ? Bank::kDouble : Bank::kFloat;
    AddLeaves(spec, layout);
    GroupTrees();
    if (narrow_) {
      for (const WideWalkNode& node : layout.nodes) {
        nodes_.push_back(
            {node.threshold, static_cast<uint16_t>(node.feature), static_cast<uint16_t>(node.no)});
      }
    } else {
      wide_nodes_ = std::move(layout.nodes);
    }
  }

  std::string Name() const override { return "trees"; }
  std::string Details() const override {
    return fmt::format("{} trees, {} nodes, depth {}, {} walks", roots_.size(),
                       std::max(nodes_.size(), wide_nodes_.size()),
                       *std::max_element(depths_.begin(), depths_.end()),
                       narrow_ ? walks_->name : "wide");
  }
  size_t Scratch(size_t rows) const override {
    return std::max(rows, 2 * group_roots_.size()) * sizeof(uint32_t);
  }

  void Run(const Registers& registers, size_t first_input, size_t first_output,
           std::byte* scratch) const override {
    const float* x = registers.floats + first_input * registers.stride;
    T* sums = registers.Bank<T>() + first_output * registers.stride;
    std::fill(sums, sums + outputs * registers.stride, T{0});
    auto* at = reinterpret_cast<uint32_t*>(scratch);
    if (registers.stride == 1) {
      RunOne(x, at, sums);
    } else {
      RunMany(registers, x, at, sums);
    }
  }

 private:
  /// Whether every leaf of a tree counts for one and the same target.
  static int32_t OnlyTarget(const EnsembleSpec& spec, const std::vector<TreeNodeSpec>& tree) {
    int32_t target = -1;
    for (const TreeNodeSpec& node : tree) {
      if (node.feature >= 0) continue;
      for (uint32_t w = 0; w < node.weight_count; ++w) {
        const int32_t here = spec.weights[node.first_weight + w].target;
        if (w > 0 || (target >= 0 && target != here)) return -1;
        target = here;
      }
    }
    return std::max(target, 0);
  }

  void AddLeaves(const EnsembleSpec& spec, const Layout& layout) {
    for (const auto& tree : spec.trees) targets_.push_back(OnlyTarget(spec, tree));
    values_.resize(layout.nodes.size(), T{0});
    leaf_of_.resize(layout.nodes.size(), 0);
    for (size_t t = 0; t < roots_.size(); ++t) {
      const size_t end = t + 1 < roots_.size() ? roots_[t + 1] : layout.nodes.size();
      for (size_t position = roots_[t]; position < end; ++position) {
        const TreeNodeSpec& node = *layout.at[position];
        if (node.feature >= 0) continue;
        if (targets_[t] < 0) {
          leaf_of_[position] = static_cast<uint32_t>(vectors_.size());
          vectors_.resize(vectors_.size() + spec.targets, T{0});
        }
        for (uint32_t w = 0; w < node.weight_count; ++w) {
          const LeafWeight& weight = spec.weights[node.first_weight + w];
          T& value = targets_[t] < 0
                         ? vectors_[leaf_of_[position] + static_cast<size_t>(weight.target)]
                         : values_[position];
          value += static_cast<T>(weight.weight);
        }
      }
    }
  }

  /// Groups of trees that are about equally deep, filled up with walks whose end nobody reads.
  void GroupTrees() {
    std::vector<uint32_t> order(roots_.size());
    std::iota(order.begin(), order.end(), 0U);
    std::stable_sort(order.begin(), order.end(),
                     [&](uint32_t a, uint32_t b) { return depths_[a] < depths_[b]; });
    lane_of_.resize(roots_.size());
    for (size_t i = 0; i < order.size(); ++i) {
      if (i % kTreesAtOnce == 0) group_depths_.push_back(0);
      group_depths_.back() = std::max(group_depths_.back(), depths_[order[i]]);
      group_roots_.push_back(roots_[order[i]]);
      lane_of_[order[i]] = static_cast<uint32_t>(i);
    }
    while (group_roots_.size() % kTreesAtOnce) group_roots_.push_back(group_roots_.back());
  }

  void RunOne(const float* x, uint32_t* at, T* sums) const {
    const size_t groups = group_depths_.size();
    if (narrow_) {
      walks_->trees(nodes_.data(), x, group_roots_.data(), group_depths_.data(), groups, at);
    } else {
      WalkTreesWide(wide_nodes_.data(), x, group_roots_.data(), group_depths_.data(), groups, at);
    }
    if (outputs == 1) {
      T sum = 0;
      for (const uint32_t lane : lane_of_) sum += values_[at[lane]];
      sums[0] = sum;
      return;
    }
    for (size_t t = 0; t < roots_.size(); ++t) {
      const uint32_t leaf = at[lane_of_[t]];
      if (targets_[t] >= 0) {
        sums[targets_[t]] += values_[leaf];
      } else {
        const T* values = vectors_.data() + leaf_of_[leaf];
        for (size_t k = 0; k < outputs; ++k) sums[k] += values[k];
      }
    }
  }

  void RunMany(const Registers& registers, const float* x, uint32_t* at, T* sums) const {
    const size_t stride = registers.stride;
    const auto shift = static_cast<unsigned>(std::countr_zero(stride));
    for (size_t t = 0; t < roots_.size(); ++t) {
      if (narrow_) {
        walks_->rows(nodes_.data(), x, shift, roots_[t], depths_[t], stride, at);
      } else {
        WalkRowsWide(wide_nodes_.data(), x, shift, roots_[t], depths_[t], stride, at);
      }
      if (targets_[t] < 0) {
        for (size_t r = 0; r < registers.rows; ++r) {
          const T* values = vectors_.data() + leaf_of_[at[r]];
          for (size_t k = 0; k < outputs; ++k) sums[k * stride + r] += values[k];
        }
        continue;
      }
      T* into = sums + static_cast<size_t>(targets_[t]) * stride;
      if constexpr (std::is_same_v<T, float>) {
        walks_->add(values_.data(), at, stride, into);
      } else {
        for (size_t r = 0; r < registers.rows; ++r) into[r] += values_[at[r]];
      }
    }
  }

  const TreeWalks* walks_ = &BestWalks();
  std::vector<WalkNode> nodes_;  // one of the two
  std::vector<WideWalkNode> wide_nodes_;
  std::vector<T> values_;          // of leaves by position, where the tree has one target
  std::vector<uint32_t> leaf_of_;  // else where the leaf's vector begins
  std::vector<T> vectors_;
  std::vector<int32_t> targets_;       // per tree, -1: a vector
  std::vector<uint32_t> depths_;       // per tree
  std::vector<uint32_t> roots_;        // per tree
  std::vector<uint32_t> group_roots_;  // for one row
  std::vector<uint32_t> group_depths_;
  std::vector<uint32_t> lane_of_;  // per tree, its place among the groups
  bool narrow_ = true;
};

}  // namespace

Result<std::unique_ptr<Kernel>> MakeTrees(std::vector<TermId> inputs, const EnsembleSpec& spec) {
  Layout layout;
  size_t leaves = 0;
  for (const auto& tree : spec.trees) {
    QUERN_TRY(AddTree(tree, layout));
    leaves += tree.size();
  }
  if (leaves > kMostLeafValues / std::max<size_t>(spec.targets, 1)) {
    return Fail(Code::kResourceExhausted,
                fmt::format("{} nodes and {} targets are too many", leaves, spec.targets));
  }
  if (spec.doubles) {
    return std::make_unique<Trees<double>>(std::move(inputs), spec, std::move(layout));
  }
  return std::make_unique<Trees<float>>(std::move(inputs), spec, std::move(layout));
}

}  // namespace quern::model
