#pragma once
// Calls that one thread has taken in before it answers any of them: scored together, then answered
// one after the other.
#include <cstddef>
#include <deque>
#include <span>
#include <vector>

#include "base/arena.h"
#include "base/result.h"
#include "serving/inference_call.h"
#include "serving/input_binding.h"
#include "serving/joint_run.h"

namespace quern::serving {

/// A call whose answer of the engine is there before it is asked for (InferenceCall::gathered).
struct GatheredCall {
  ServedModelPtr served;
  BoundInputs inputs;
  /// MonotonicSeconds() when it was taken in, and at which it is of no more use (0 = never).
  double arrived = 0;
  double deadline = 0;
  /// What its front has read of the request, for the same front to answer it.
  const void* request = nullptr;
  /// Set by Run().
  double began = 0;
  double ran = 0;
  std::span<TensorView> outputs;
  /// kDeadlineExceeded, or an error of Engine::Run that is this call's own.
  Status status;
};

/// For one thread.
class Gathering {
 public:
  /// Where inputs of a call may lie until Clear(), if not elsewhere.
  Arena& arena() { return arena_; }
  bool empty() const { return calls_.empty(); }
  /// Between Run() and Clear() nothing may be added.
  bool ran() const { return ran_; }

  /// Takes a call in; returns its ticket, from 1. The inputs must stay until Clear().
  size_t Add(ServedModelPtr served, const BoundInputs& inputs, double arrived, double deadline,
             const void* request = nullptr);
  /// Runs each model once for all of its calls whose rows look alike, at most as many rows together
  /// as its Batcher says. After a joint run that failed each of its calls is run alone. Runs are
  /// counted with the models.
  void Run();
  /// After Run().
  const GatheredCall& Call(size_t ticket) const { return calls_[ticket - 1]; }
  /// Forgets all calls.
  void Clear();

 private:
  void RunTogether(std::span<GatheredCall* const> calls);
  void RunOne(GatheredCall& call);

  Arena arena_;
  Arena scratch_;
  std::deque<GatheredCall> calls_;
  bool ran_ = false;
};

}  // namespace quern::serving
