#include "server/grpc/workers.h"

#include <mutex>
#include <utility>

namespace quern::server::grpc {

bool Workers::Post(std::function<void()> work) {
  {
    MutexLock lock(mutex_);
    if (finished_ || waiting_.size() >= queue_) return false;
    waiting_.push_back(std::move(work));
    if (idle_ < waiting_.size() && running_.size() < threads_) {
      running_.emplace_back([this] { Run(); });
    }
  }
  wake_.notify_one();
  return true;
}

void Workers::Finish() {
  std::vector<std::thread> running;
  {
    MutexLock lock(mutex_);
    finished_ = true;
    running.swap(running_);
  }
  wake_.notify_all();
  for (std::thread& thread : running) thread.join();
}

void Workers::Run() {
  std::unique_lock<std::mutex> lock(mutex_.native());
  while (true) {
    ++idle_;
    wake_.wait(lock, [this] { return finished_ || !waiting_.empty(); });
    --idle_;
    if (waiting_.empty()) return;
    const std::function<void()> work = std::move(waiting_.front());
    waiting_.pop_front();
    lock.unlock();
    work();
    lock.lock();
  }
}

}  // namespace quern::server::grpc
