#pragma once
// Several calls of one model as one run of its engine: tensors joined along their rows, answers
// split.
#include <cstddef>
#include <span>

#include "base/arena.h"
#include "base/result.h"
#include "model/engine.h"
#include "serving/model_metrics.h"

namespace quern::serving {

/// From one MonotonicSeconds() to another; 0 if that was not later.
inline uint64_t NanosecondsBetween(double from, double to) {
  return to > from ? static_cast<uint64_t>((to - from) * 1e9) : 0;
}

/// One caller's share of a run.
struct JointCall {
  /// In the engine's order; the first dimension of each is `rows`.
  std::span<const model::TensorView> inputs;
  size_t rows = 0;
  /// Where the answer goes, one view per output, and its arena: untouched by others meanwhile.
  std::span<model::TensorView> outputs;
  Arena* arena = nullptr;
};

/// Whether two calls differ in nothing but their rows, so that their tensors can be joined.
bool SameTails(std::span<const model::TensorView> a, std::span<const model::TensorView> b);

/// Whether all inputs and outputs have an open first dimension.
bool OpenRows(const model::Engine& engine);

/// Runs `calls`, at least one, all with the same tails, together; a single one as it is. Errors of
/// Engine::Run, which may be the fault of any of them; kInternal if the engine answers with another
/// number of rows than it was given; kUnavailable without memory. Then no outputs are set. What is
/// needed meanwhile lies in `scratch`. `times`: of joining, running and splitting.
Status RunJoined(const model::Engine& engine, std::span<const JointCall> calls, Arena& scratch,
                 EngineRun* times);

}  // namespace quern::serving
