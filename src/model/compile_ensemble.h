#pragma once
// The part that TreeEnsembleRegressor and TreeEnsembleClassifier share: nodes as attributes become
// a kernel whose outputs are the sums of every target.
#include <cstdint>
#include <string>
#include <vector>

#include "model/compile.h"
#include "model/tree_kernel.h"

namespace quern::model {

/// The attributes of an ensemble, their lengths checked.
struct TreeAttributes {
  std::vector<int64_t> trees, nodes, features, yes, no, missing_yes;
  std::vector<std::string> modes;
  std::vector<double> thresholds;
  std::vector<int64_t> weight_trees, weight_nodes, weight_targets;
  std::vector<double> weights;
  std::vector<double> base;
};

/// The sums of every target, before base values.
struct Sums {
  std::vector<TermId> items;
  Bank bank = Bank::kFloat;
  size_t trees = 0;
  TreeAttributes attributes;
  EnsembleSpec spec;
};

/// `prefix` is that of the weights' attributes, "target" or "class". Every kind of comparison
/// becomes "x <= t", with NaN going to "no".
Result<Sums> SumsOf(NodeContext& node, const std::string& prefix, size_t targets);

}  // namespace quern::model
