#pragma once
// The seam between answering and remembering: whoever keeps predictions is told of each scored
// request once, before its answer goes out.
#include <cstdint>
#include <span>
#include <string_view>

#include "base/arena.h"
#include "base/result.h"
#include "serving/inference_call.h"
#include "serving/served_model.h"

namespace quern::serving {

/// A request that was scored. Everything is borrowed for the call.
struct ScoredCall {
  const ServedModel& model;
  const InferenceCall& call;
  /// As the engine took and gave them, in its order.
  std::span<const TensorView> inputs;
  std::span<const TensorView> outputs;
  size_t rows = 0;
  int64_t made_at = 0;    // milliseconds since the epoch
  double latency_ms = 0;  // of scoring
};

/// While one lives on a thread, what this thread logs may wait for CommitDeferred(): the answers of
/// a whole wake-up of an event loop are then kept by one write. Do not nest.
class DeferredLog {
 public:
  DeferredLog() { active_ = true; }
  ~DeferredLog() { active_ = false; }
  DeferredLog(const DeferredLog&) = delete;
  DeferredLog& operator=(const DeferredLog&) = delete;
  /// On this thread.
  static bool Active() { return active_; }

 private:
  static inline thread_local bool active_ = false;
};

/// Thread-safe.
class PredictionSink {
 public:
  virtual ~PredictionSink() = default;
  /// True if Log() waits for a disk or a lock: fronts then call from a thread that may block.
  virtual bool blocks() const = 0;
  /// One id per row, in `arena`; none if the request is not among those that are kept, or was
  /// dropped. An error is the request's: what could not be kept is not given. Under a DeferredLog
  /// ids are given before it is known whether their rows will be kept: if a sink that drops what it
  /// cannot keep has to drop them in CommitDeferred(), these ids stand for nothing.
  virtual Result<std::span<const std::string_view>> Log(const ScoredCall& scored, Arena& arena) = 0;
  /// Keeps what this thread logged under a DeferredLog since the last call; before the answers go
  /// out. After an error none of it is acknowledged and what was written of it is taken back, but
  /// for rows that the mover found in that moment.
  virtual Status CommitDeferred() { return {}; }
};

}  // namespace quern::serving
