#pragma once
// Rows of raw columns in the form of a model's inputs, with memory of their own: what explanations
// compare with.
#include <memory>
#include <span>

#include "base/arena.h"
#include "base/frame.h"
#include "base/result.h"
#include "serving/input_binding.h"

namespace quern::serving {

/// Immutable once made.
class Background {
 public:
  enum class Source {
    kTraining,  // a sample of the training rows, which the package holds
    kExample,   // the input example of the model's folder, for want of a sample
  };

  static constexpr size_t kMostRows = 100;
  /// Copies the rows, with their texts; of many the first kMostRows.
  Background(const BoundInputs& rows, Source source);

  const BoundInputs& rows() const { return rows_; }
  Source source() const { return source_; }

 private:
  Arena arena_;
  BoundInputs rows_;
  Source source_;
};

/// The columns of a table as tensors [N] of FP64 and BYTES: names and data stay the frame's, the
/// rest lies in `arena`.
std::span<const NamedTensor> TensorsOf(const Frame& frame, Arena& arena);

/// Errors of BindInputs.
Result<std::shared_ptr<const Background>> MakeBackground(const ServedModel& served,
                                                         const InferenceCall& call,
                                                         Background::Source source);

}  // namespace quern::serving
