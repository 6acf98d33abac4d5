#pragma once
// Something of its own for each thread that comes by, which one other thread collects from.
#include <atomic>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "base/mutex.h"

namespace quern {

/// Makes a `Lane` for each thread, the first time that it asks; from then on it finds it without a
/// lock and without allocating. Thread-safe. What a lane holds is for its owner to guard: the
/// thread and the collector use it at once.
template <class Lane>
class PerThread {
 public:
  PerThread() = default;
  PerThread(const PerThread&) = delete;
  PerThread& operator=(const PerThread&) = delete;

  /// This thread's. Lives as long as the thread, also if this object does not.
  Lane& Mine() {
    static thread_local std::vector<Held> held;
    for (const Held& h : held) {
      if (h.owner == number_) return *h.lane;
    }
    MutexLock lock(mutex_);
    // Lanes of objects that are no more are nobody's but this thread's.
    std::erase_if(held, [](const Held& h) { return h.lane.use_count() == 1; });
    held.push_back({number_, std::make_shared<Lane>()});
    lanes_.push_back(held.back().lane);
    return *held.back().lane;
  }

  /// Those of all threads. A lane whose thread has ended is given once more and then forgotten. One
  /// thread at a time, which keeps none of them until the next call.
  std::vector<std::shared_ptr<Lane>> Collect() {
    std::vector<std::shared_ptr<Lane>> lanes;
    MutexLock lock(mutex_);
    std::erase_if(lanes_, [&](const std::shared_ptr<Lane>& lane) {
      lanes.push_back(lane);
      return lane.use_count() == 2;  // here and in the list
    });
    return lanes;
  }

 private:
  struct Held {
    uint64_t owner;
    std::shared_ptr<Lane> lane;
  };
  static inline std::atomic<uint64_t> made_{0};
  const uint64_t number_ = made_.fetch_add(1);  // of this object: an address is used again
  Mutex mutex_;
  std::vector<std::shared_ptr<Lane>> lanes_ QUERN_GUARDED_BY(mutex_);
};

}  // namespace quern
