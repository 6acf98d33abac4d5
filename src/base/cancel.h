#pragma once
// Cooperative cancellation: Ctrl-C sets the flag, long loops look at it between units of work.
#include <atomic>

#include "base/result.h"

namespace quern {

class CancelToken {
 public:
  void Cancel() { cancelled_.store(true, std::memory_order_relaxed); }
  bool cancelled() const { return cancelled_.load(std::memory_order_relaxed); }
  /// kCancelled once Cancel() was called.
  Status Check() const {
    if (cancelled()) return Fail(Code::kCancelled, "interrupted");
    return {};
  }

 private:
  std::atomic<bool> cancelled_{false};
};

}  // namespace quern
