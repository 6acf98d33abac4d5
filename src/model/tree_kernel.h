#pragma once
// An ensemble of decision trees as a kernel: float features in, per target the sum of the leaves in
// the order of the trees.
#include <cstdint>
#include <memory>
#include <vector>

#include "base/result.h"
#include "model/kernels.h"

namespace quern::model {

/// A row goes to `yes` if its feature <= threshold, else (and if it is NaN) to `no`.
struct TreeNodeSpec {
  int32_t feature = -1;  // -1: a leaf
  float threshold = 0;
  int32_t yes = -1;
  int32_t no = -1;
  // of a leaf: a part of EnsembleSpec::weights
  uint32_t first_weight = 0;
  uint32_t weight_count = 0;
};

struct LeafWeight {
  int32_t target = 0;
  double weight = 0;
};

struct EnsembleSpec {
  std::vector<std::vector<TreeNodeSpec>> trees;  // node 0 is the root
  std::vector<LeafWeight> weights;
  size_t targets = 1;
  bool doubles = false;  // add up in double, not in float
};

/// kInvalidArgument: a node that is missing, or reached twice; kResourceExhausted: leaves times
/// targets pass 2^26.
Result<std::unique_ptr<Kernel>> MakeTrees(std::vector<TermId> inputs, const EnsembleSpec& spec);

}  // namespace quern::model
