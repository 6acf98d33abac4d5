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

/// What decides whether calls can be joined.
struct JoinShape {
  /// Whose calls can be joined: of one model.
  const void* model = nullptr;
  std::span<const model::TensorView> inputs;
  size_t rows = 0;
};

/// Takes out of `waiting` its first call, and those that can be joined with it while the run has at
/// most `most` rows; both keep their order. `shape_of(call)` is a call's JoinShape.
template <class Queue, class ShapeOf>
Queue TakeJoinable(Queue* waiting, size_t most, ShapeOf shape_of) {
  Queue taken;
  Queue left;
  JoinShape first;
  size_t rows = 0;
  for (const auto& call : *waiting) {
    const JoinShape shape = shape_of(call);
    if (taken.empty()) first = shape;
    const bool fits = taken.empty() || (shape.model == first.model && rows + shape.rows <= most &&
                                        SameTails(first.inputs, shape.inputs));
    (fits ? taken : left).push_back(call);
    if (fits) rows += shape.rows;
  }
  waiting->swap(left);
  return taken;
}

/// Whether all inputs and outputs have an open first dimension.
bool OpenRows(const model::Engine& engine);

/// Runs `calls`, at least one, all with the same tails, together; a single one as it is. Errors of
/// Engine::Run, which may be the fault of any of them; kInternal if the engine answers with another
/// number of rows than it was given; kUnavailable without memory. Then no outputs are set. What is
/// needed meanwhile lies in `scratch`. `times`: of joining, running and splitting.
Status RunJoined(const model::Engine& engine, std::span<const JointCall> calls, Arena& scratch,
                 EngineRun* times);

}  // namespace quern::serving
