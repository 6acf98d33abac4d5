#include "net/worker_pool.h"

#include "net/sigpipe.h"

namespace quern::net {

void WorkerPool::Start(size_t threads) {
  for (size_t i = 0; i < threads; ++i) threads_.emplace_back([this] { Run(); });
}

/// True if a sleeping thread should be woken for what waits: one at a time, and the one that was
/// woken sees to the next. Short work is then done by threads that are awake, and one that blocks
/// keeps nobody waiting.
bool WorkerPool::WakesOne() {
  const bool wakes = first_ != nullptr && sleeping_ > 0 && !waking_;
  waking_ = waking_ || wakes;
  return wakes;
}

bool WorkerPool::Add(Work* work, size_t max_waiting) {
  bool wake = false;
  {
    MutexLock lock(mutex_);
    // One that a sleeping thread is about to take does not wait.
    if (waiting_ >= sleeping_ && waiting_ - sleeping_ >= max_waiting) return false;
    work->next_ = nullptr;
    (last_ == nullptr ? first_ : last_->next_) = work;
    last_ = work;
    ++waiting_;
    wake = WakesOne();
  }
  if (wake) changed_.notify_one();
  return true;
}

void WorkerPool::Run() {
  // sendfile(2) has no MSG_NOSIGNAL: a client that went away must not end the program.
  BlockSigpipe();
  for (;;) {
    Work* work = nullptr;
    bool wake = false;
    {
      std::unique_lock lock(mutex_.native());
      while (!stopped_ && first_ == nullptr) {
        ++sleeping_;
        changed_.wait(lock);
        --sleeping_;
        waking_ = false;
      }
      if (stopped_) return;
      work = first_;
      first_ = work->next_;
      if (first_ == nullptr) last_ = nullptr;
      --waiting_;
      wake = WakesOne();
    }
    if (wake) changed_.notify_one();
    work->OnWorker();
  }
}

void WorkerPool::Stop() {
  {
    MutexLock lock(mutex_);
    stopped_ = true;
    first_ = last_ = nullptr;
    waiting_ = 0;
  }
  changed_.notify_all();
  for (std::thread& thread : threads_) thread.join();
  threads_.clear();
}

}  // namespace quern::net
