#pragma once
// A batch through an engine, cut into pieces where it is large or the engine wants few rows.
#include <cstddef>
#include <span>

#include "base/arena.h"
#include "base/result.h"
#include "serving/input_binding.h"
#include "serving/joint_run.h"
#include "serving/served_model.h"

namespace quern::serving {

struct RunLimits {
  /// Threads for a batch of more than `split_elements` rows x inputs.
  size_t threads = 1;
  size_t split_elements = size_t{1} << 16;
  /// MonotonicSeconds(); 0 = none. Looked at before each piece.
  double deadline = 0;
  /// Whether the thread may wait to be scored together with others.
  bool may_wait = true;
};

/// How a call came by its answer.
struct EngineTimes {
  /// It was given to the model's Batcher, where it waited for so many nanoseconds; the run is
  /// counted.
  bool joined = false;
  uint64_t waited = 0;
};

/// One view per output, in the engine's order, in `arena`; by the model's Batcher if it has one and
/// takes so many rows. Errors of Engine::Run; kDeadlineExceeded. A batch in one piece allocates
/// from `arena` alone.
Status RunEngine(const ServedModel& served, const BoundInputs& inputs, const RunLimits& limits,
                 Arena& arena, std::span<TensorView> outputs, EngineTimes* times);

}  // namespace quern::serving
