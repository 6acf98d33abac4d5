#pragma once
// A lock that is given to those who wait in the order in which they came.
#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>

namespace quern::store {

/// Recursive. Whoever lets go and comes again at once stands behind those who waited meanwhile: a
/// thread that writes one transaction after the other cannot keep the others out, as it could with
/// std::recursive_mutex, which is for whoever happens to run. For std::lock_guard.
class TurnLock {
 public:
  void lock() {
    const auto me = std::this_thread::get_id();
    std::unique_lock guard(mutex_);
    if (owner_ == me) {
      ++depth_;
      return;
    }
    if (owner_ != std::thread::id()) {
      Waiter waiter{me, {}};
      waiting_.push_back(&waiter);
      // unlock() makes it the owner.
      waiter.turn.wait(guard, [&] { return owner_ == me; });
    }
    owner_ = me;
    depth_ = 1;
  }

  void unlock() {
    const std::lock_guard guard(mutex_);
    if (--depth_ > 0) return;
    if (waiting_.empty()) {
      owner_ = std::thread::id();
      return;
    }
    Waiter* next = waiting_.front();
    waiting_.pop_front();
    owner_ = next->thread;
    // Under the lock: the waiter may be gone as soon as it sees that it is the owner.
    next->turn.notify_one();
  }

  /// How many stand in the queue; another may come or go at any time.
  size_t waiting() {
    const std::lock_guard guard(mutex_);
    return waiting_.size();
  }

 private:
  struct Waiter {
    std::thread::id thread;
    std::condition_variable turn;
  };
  std::mutex mutex_;
  std::thread::id owner_;
  size_t depth_ = 0;
  std::deque<Waiter*> waiting_;
};

}  // namespace quern::store
