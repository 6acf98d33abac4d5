#pragma once
// What happens again and again, and is to be told now and then.
#include <atomic>

#include "base/time.h"

namespace quern {

/// Thread-safe; takes no lock.
class Seldom {
 public:
  /// At most once in so many seconds.
  explicit Seldom(double seconds) : seconds_(seconds) {}

  /// Whether it is time: at the first call, and later for one caller in each such while.
  bool IsDue() {
    const double now = MonotonicSeconds();
    double last = last_.load(std::memory_order_relaxed);
    if (last != 0 && now - last <= seconds_) return false;
    return last_.compare_exchange_strong(last, now);
  }

 private:
  const double seconds_;
  std::atomic<double> last_{0};  // MonotonicSeconds(); 0: never
};

}  // namespace quern
