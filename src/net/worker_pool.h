#pragma once
// Threads for work that may block.
#include <condition_variable>
#include <cstddef>
#include <thread>
#include <vector>

#include "base/mutex.h"

namespace quern::net {

/// Something that a worker thread is to do. In at most one queue at a time.
class Work {
 public:
  virtual void OnWorker() = 0;

 protected:
  virtual ~Work() = default;

 private:
  friend class WorkerPool;
  Work* next_ = nullptr;
};

/// First come, first served. Thread-safe.
class WorkerPool {
 public:
  /// `max_waiting` is how much work may wait for a thread.
  explicit WorkerPool(size_t max_waiting) : max_waiting_(max_waiting) {}
  ~WorkerPool() { Stop(); }
  WorkerPool(const WorkerPool&) = delete;
  WorkerPool& operator=(const WorkerPool&) = delete;

  void Start(size_t threads);
  /// False if too much waits already.
  bool Offer(Work* work) { return Add(work, max_waiting_); }
  /// Whatever waits: for work that continues what was begun.
  void Give(Work* work) { Add(work, SIZE_MAX); }
  /// Forgets what waits and returns when what is under way has ended.
  void Stop();

 private:
  bool Add(Work* work, size_t max_waiting);
  bool WakesOne() QUERN_REQUIRES(mutex_);
  void Run();

  size_t max_waiting_;
  std::vector<std::thread> threads_;
  Mutex mutex_;
  std::condition_variable changed_;
  Work* first_ QUERN_GUARDED_BY(mutex_) = nullptr;
  Work* last_ QUERN_GUARDED_BY(mutex_) = nullptr;
  size_t waiting_ QUERN_GUARDED_BY(mutex_) = 0;
  size_t sleeping_ QUERN_GUARDED_BY(mutex_) = 0;
  /// A thread was woken and has not said so yet.
  bool waking_ QUERN_GUARDED_BY(mutex_) = false;
  bool stopped_ QUERN_GUARDED_BY(mutex_) = false;
};

}  // namespace quern::net
