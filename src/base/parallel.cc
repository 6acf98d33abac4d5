#include "base/parallel.h"

#include <sched.h>

#include <algorithm>
#include <atomic>
#include <limits>
#include <thread>
#include <vector>

#include "base/mutex.h"

namespace quern {

size_t AvailableCores() {
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof(set), &set) == 0) {
    return std::max<size_t>(1, static_cast<size_t>(CPU_COUNT(&set)));
  }
  return std::max<size_t>(1, std::thread::hardware_concurrency());
}

Status ParallelFor(size_t n, size_t threads, const std::function<Status(size_t)>& body,
                   const CancelToken* cancel) {
  std::atomic<size_t> next{0};
  std::atomic<bool> stop{false};
  Mutex mutex;
  size_t failed_index = std::numeric_limits<size_t>::max();
  Status outcome;
  const auto work = [&] {
    while (!stop.load(std::memory_order_relaxed)) {
      const size_t i = next.fetch_add(1);
      if (i >= n) return;
      Status status = cancel != nullptr ? cancel->Check() : Status();
      if (status) status = body(i);
      if (status) continue;
      stop.store(true);
      MutexLock lock(mutex);
      // The smallest failed index wins, so that the message does not depend on timing.
      if (i < failed_index) {
        failed_index = i;
        outcome = std::move(status);
      }
    }
  };
  std::vector<std::jthread> helpers;
  for (size_t t = 1; t < std::min(threads, n); ++t) helpers.emplace_back(work);
  work();
  helpers.clear();
  return outcome;
}

}  // namespace quern
