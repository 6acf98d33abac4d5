#pragma once
// Counting on the hot path: what happens to requests while the traffic is divided in one way.
#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <vector>

#include "base/mutex.h"
#include "deploy/evidence.h"
#include "deploy/release.h"
#include "deploy/route.h"

namespace quern::deploy {

/// How one request ended. Failures by the caller's fault are none.
struct Outcome {
  bool error = false;    // no answer, by our fault
  bool crash = false;    // and the version cannot answer any more
  bool invalid = false;  // an answer that no caller can use
  bool nan = false;      // a NaN where a number belongs: invalid too
  bool schema = false;   // another shape or type than declared: invalid too
  double latency_ms = 0;
};

struct CountRules {
  /// Traffic is divided by a key: of one caller each kind of event counts once, as its requests are
  /// not independent of each other.
  bool by_key = false;
  double latency_ms = 0;  // later answers are events; 0: none
  GuardRules guards;
};

/// Thread-safe. A thread mostly has a shard to itself, so that its lock is free; nothing is
/// allocated after construction.
class LiveCounters {
 public:
  LiveCounters(size_t arms, const CountRules& rules);

  /// `hash` is that of the request's key, 0 without one. From the trip of a guard on nothing is
  /// counted: the tick that takes the version out divides the traffic anew.
  void Observe(uint8_t arm, RouteWay way, uint64_t hash, const Outcome& outcome);
  /// The guards alone: of a request that is counted elsewhere, or by nobody. The stable version has
  /// none.
  void Guard(uint8_t arm, const Outcome& outcome);

  /// Bit `arm` is set once a guard of it has tripped: it gets no more traffic, at once.
  uint32_t halted() const { return halted_.load(std::memory_order_relaxed); }
  /// Bit GuardKind is set for what has tripped.
  uint32_t tripped(size_t arm) const { return tripped_[arm].load(std::memory_order_relaxed); }

  /// What was counted since the last time, per arm.
  std::vector<ArmCounts> Drain();

 private:
  static constexpr size_t kShards = 16;
  static constexpr size_t kSlots = 1u << 18;  // of callers; two in one slot count once
  struct alignas(64) Shard {
    Mutex mutex;
    std::array<ArmCounts, kMaxArms> arms QUERN_GUARDED_BY(mutex){};
  };
  /// Whether this is the first time that a caller does `what` (an event, or any request).
  bool First(size_t what, uint64_t hash);
  void Trip(uint8_t arm, GuardKind kind);

  const size_t arms_;
  const CountRules rules_;
  std::array<Shard, kShards> shards_;
  std::unique_ptr<std::atomic<uint64_t>[]> seen_;  // a bit per kind and slot; only by_key
  std::atomic<uint32_t> halted_{0};
  std::array<std::atomic<uint32_t>, kMaxArms> tripped_{};
  std::array<std::atomic<uint64_t>, kMaxArms> failures_{};  // in a row
};

}  // namespace quern::deploy
