#pragma once
// Two engines asked the same, and what their answers differ in.
#include <span>
#include <string>
#include <vector>

#include "base/arena.h"
#include "base/frame.h"
#include "model/engine.h"

namespace quern::model::testing {

/// A frame's columns as the inputs of a model, each [N,1]. Borrows the frame and the arena.
class Batch {
 public:
  Batch(const std::vector<TensorSpec>& inputs, const Frame& rows, Arena& arena);
  std::span<const TensorView> views() const { return views_; }

 private:
  std::vector<TensorView> views_;
};

/// Scores may differ by 1e-6 (relative above 1), all else not at all. "" if the engines agree, else
/// the first difference.
std::string Difference(const Engine& tested, const Engine& reference,
                       std::span<const TensorView> inputs, Arena& arena);
std::string Difference(const TensorView& tested, const TensorView& reference);

}  // namespace quern::model::testing
