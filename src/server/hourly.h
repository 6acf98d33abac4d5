#pragma once
// Work that a server does by itself beside its requests.
#include <condition_variable>
#include <functional>
#include <mutex>
#include <string>
#include <thread>

#include "base/cancel.h"
#include "base/result.h"

namespace quern::server {

/// Works once when it starts and every hour from then on, on a thread of its own. An error is
/// logged, and the next hour tries again.
class Hourly {
 public:
  /// `what` stands before an error in the log. `work` ends soon after it is cancelled.
  Hourly(std::string what, std::function<Status(const CancelToken&)> work)
      : what_(std::move(what)), work_(std::move(work)) {}
  /// Stops.
  ~Hourly() { Stop(); }
  Hourly(const Hourly&) = delete;
  Hourly& operator=(const Hourly&) = delete;

  void Start();
  /// Idempotent.
  void Stop();

 private:
  void Run();

  const std::string what_;
  const std::function<Status(const CancelToken&)> work_;
  CancelToken cancel_;
  std::mutex mutex_;
  std::condition_variable stopped_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace quern::server
