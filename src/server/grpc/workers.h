#pragma once
// Threads for calls that may take long or wait for a disk, so that those that poll never do.
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <thread>
#include <vector>

#include "base/mutex.h"

namespace quern::server::grpc {

/// Thread-safe. Threads are started when there is work for them.
class Workers {
 public:
  /// At most `threads` at once, and at most `queue` pieces of work that wait for one.
  Workers(size_t threads, size_t queue) : threads_(threads), queue_(queue) {}
  /// Finish().
  ~Workers() { Finish(); }
  Workers(const Workers&) = delete;
  Workers& operator=(const Workers&) = delete;

  /// False if too much waits already, or after Finish(): then nothing is done.
  bool Post(std::function<void()> work);
  /// Waits for all that was posted. Idempotent.
  void Finish();

 private:
  void Run();

  const size_t threads_;
  const size_t queue_;
  Mutex mutex_;
  std::condition_variable wake_;
  std::deque<std::function<void()>> waiting_ QUERN_GUARDED_BY(mutex_);
  std::vector<std::thread> running_ QUERN_GUARDED_BY(mutex_);
  size_t idle_ QUERN_GUARDED_BY(mutex_) = 0;
  bool finished_ QUERN_GUARDED_BY(mutex_) = false;
};

}  // namespace quern::server::grpc
