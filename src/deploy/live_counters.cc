#include "deploy/live_counters.h"

#include <utility>

#include "deploy/snapshot.h"

namespace quern::deploy {
namespace {

constexpr size_t kKinds = kMetrics + 1;  // and requests

}  // namespace

LiveCounters::LiveCounters(size_t arms, const CountRules& rules) : arms_(arms), rules_(rules) {
  if (rules.by_key) seen_ = std::make_unique<std::atomic<uint64_t>[]>(kKinds * kSlots / 64);
}

bool LiveCounters::First(size_t what, uint64_t hash) {
  if (!seen_ || hash == 0) return true;
  // The low bits have chosen the version.
  const size_t slot = (hash >> 40) % kSlots;
  std::atomic<uint64_t>& word = seen_[(what * kSlots + slot) / 64];
  const uint64_t bit = uint64_t{1} << (slot % 64);
  if ((word.load(std::memory_order_relaxed) & bit) != 0) return false;
  return (word.fetch_or(bit, std::memory_order_relaxed) & bit) == 0;
}

void LiveCounters::Observe(uint8_t arm, RouteWay way, uint64_t hash, const Outcome& outcome) {
  if (arm >= arms_) return;
  Guard(arm, outcome);
  // Whoever was sent elsewhere than the draw says is no part of the comparison. Nor are the others
  // meanwhile: with one version's requests missing, the split would look broken.
  if (way == RouteWay::kHalted || halted() != 0) return;
  const bool late = rules_.latency_ms > 0 && outcome.latency_ms > rules_.latency_ms;
  const std::array<bool, kMetrics> events{outcome.error || outcome.crash,
                                          outcome.invalid || outcome.nan || outcome.schema, late,
                                          false};
  const bool drawn = way != RouteWay::kOverride;
  const bool unit = drawn && First(kMetrics, hash);
  Shard& shard = shards_[ThreadShard(kShards)];
  MutexLock lock(shard.mutex);
  ArmCounts& counts = shard.arms[arm];
  if (!drawn) {
    ++counts.tested;
    return;
  }
  ++counts.requests;
  counts.units += unit;
  for (size_t i = 0; i < kMetrics; ++i) {
    if (events[i] && First(i, hash)) ++counts.events[i];
  }
  counts.latency_ms.Add(outcome.latency_ms);
}

void LiveCounters::Guard(uint8_t arm, const Outcome& outcome) {
  if (arm == 0 || arm >= arms_) return;
  if (outcome.crash) Trip(arm, GuardKind::kCrash);
  if (outcome.nan && rules_.guards.nan) Trip(arm, GuardKind::kNan);
  if (outcome.schema && rules_.guards.schema) Trip(arm, GuardKind::kSchema);
  const uint64_t limit = rules_.guards.consecutive_failures;
  if (limit == 0) return;
  std::atomic<uint64_t>& failures = failures_[arm];
  if (outcome.error || outcome.crash) {
    if (failures.fetch_add(1, std::memory_order_relaxed) + 1 >= limit) {
      Trip(arm, GuardKind::kFailures);
    }
  } else if (failures.load(std::memory_order_relaxed) != 0) {
    failures.store(0, std::memory_order_relaxed);
  }
}

void LiveCounters::Trip(uint8_t arm, GuardKind kind) {
  tripped_[arm].fetch_or(1u << static_cast<uint32_t>(kind), std::memory_order_relaxed);
  halted_.fetch_or(1u << arm, std::memory_order_relaxed);
}

std::vector<ArmCounts> LiveCounters::Drain() {
  std::vector<ArmCounts> sum(arms_);
  for (Shard& shard : shards_) {
    MutexLock lock(shard.mutex);
    for (size_t arm = 0; arm < arms_; ++arm) {
      sum[arm].Merge(std::exchange(shard.arms[arm], ArmCounts{}));
    }
  }
  return sum;
}

}  // namespace quern::deploy
