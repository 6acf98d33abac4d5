#include "server/hourly.h"

#include <chrono>

#include "base/log.h"

namespace quern::server {
namespace {

constexpr auto kBetween = std::chrono::hours(1);

}  // namespace

void Hourly::Start() {
  thread_ = std::thread([this] { Run(); });
}

void Hourly::Stop() {
  cancel_.Cancel();
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  stopped_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void Hourly::Run() {
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    lock.unlock();
    const Status done = work_(cancel_);
    if (!done && done.error().code != Code::kCancelled) {
      Log(LogLevel::kWarning, what_ + ": " + done.error().ToString());
    }
    lock.lock();
    stopped_.wait_for(lock, kBetween, [&] { return stopping_; });
  }
}

}  // namespace quern::server
