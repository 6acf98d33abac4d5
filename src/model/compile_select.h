#pragma once
// Choosing items of tensors along an axis, at compile time.
#include <cstddef>
#include <vector>

#include "model/compile.h"

namespace quern::model {

/// Sizes before, at and behind an axis of `dims`.
struct Split3 {
  size_t outer = 1;
  size_t size = 1;
  size_t inner = 1;
};
Split3 SplitAt(const std::vector<int64_t>& dims, size_t axis);

/// The items at `chosen` positions of an axis.
SymTensor Select(const SymTensor& tensor, size_t axis, const std::vector<size_t>& chosen);

/// Operators: Gather and ArrayFeatureExtractor.
Status Gather(NodeContext& node);
Status ExtractFeatures(NodeContext& node);

}  // namespace quern::model
