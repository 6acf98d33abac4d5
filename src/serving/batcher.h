#pragma once
// Callers of one model who come together are scored together: dynamic batching.
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <span>

#include "base/arena.h"
#include "base/mutex.h"
#include "base/result.h"
#include "model/engine.h"
#include "serving/joint_run.h"

namespace quern::serving {

struct BatchOptions {
  /// Most rows that are scored together; 1: every request by itself.
  size_t rows = 256;
  /// Seconds that a request waits for others; 0: what has arrived is scored together, and nothing
  /// waits for more.
  double delay = 0;
  /// Runs of one model at once; 0 = the cores of this process.
  size_t runs = 0;
};

/// A caller who finds a run free takes along those who wait and runs them all; who finds none free
/// waits to be taken along, or for a run. So the load makes the batches, and nobody waits while
/// there is nothing to wait for. Thread-safe; callers block.
class Batcher {
 public:
  /// How a call came by its answer.
  struct Ticket {
    /// Nanoseconds before its run began.
    uint64_t waited = 0;
    /// The run that it was part of, and whether this caller carried it out.
    EngineRun run;
    bool led = false;
  };

  Batcher(std::shared_ptr<const model::Engine> engine, BatchOptions options);

  /// Scores by itself or with others; `inputs` have `rows` rows, which is more than 0. Returns when
  /// `outputs` are set, all in `arena`. Errors of Engine::Run that are this call's own: after a
  /// joint run that failed everyone is run alone. kDeadlineExceeded at `deadline`
  /// (MonotonicSeconds(), 0 = none) if no run has begun with it by then.
  Status Run(std::span<const model::TensorView> inputs, size_t rows, double deadline, Arena& arena,
             std::span<model::TensorView> outputs, Ticket* ticket);

  /// Callers who wait for a run.
  size_t waiting() const {
    MutexLock lock(mutex_);
    return waiting_.size();
  }
  const BatchOptions& options() const { return options_; }
  const model::Engine& engine() const { return *engine_; }

 private:
  enum class State { kWaiting, kTaken, kScored, kAlone };
  struct Caller {
    JointCall call;
    double arrived = 0;
    Ticket* ticket = nullptr;
    State state = State::kWaiting;
    std::condition_variable wake;
  };
  bool Leads(const Caller& caller, double now) const QUERN_REQUIRES(mutex_);
  double WaitsUntil(const Caller& caller, double deadline) const QUERN_REQUIRES(mutex_);
  void Leave(Caller& caller) QUERN_REQUIRES(mutex_);
  std::deque<Caller*> Take() QUERN_REQUIRES(mutex_);
  void WakeFirst() QUERN_REQUIRES(mutex_);
  Status Together(const std::deque<Caller*>& callers) const;
  Status Alone(Caller& caller) const;

  const std::shared_ptr<const model::Engine> engine_;
  const BatchOptions options_;
  mutable Mutex mutex_;
  std::deque<Caller*> waiting_ QUERN_GUARDED_BY(mutex_);  // in the order of arrival
  size_t waiting_rows_ QUERN_GUARDED_BY(mutex_) = 0;
  size_t running_ QUERN_GUARDED_BY(mutex_) = 0;
};

}  // namespace quern::serving
