#pragma once
// One JSON line for each request that was answered.
#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "base/fd.h"
#include "base/mutex.h"
#include "base/per_thread.h"
#include "base/result.h"
#include "server/protocol.h"

namespace quern::server {

struct AccessEntry {
  int64_t time_ms = 0;  // when the request was handled, since the epoch
  Protocol protocol = Protocol::kHttp;
  std::string_view method;
  std::string_view path;
  int status = 0;
  uint64_t bytes = 0;  // of the answer's body
  double seconds = 0;  // from the parsed request to the answer
  // Empty ones are left out.
  std::string_view model;
  std::string_view version;
  std::string_view request_id;
  std::string_view trace_id;
};

struct AccessLogOptions {
  /// A file, appended to, or "-" for standard output.
  std::string path;
  /// Bytes beyond which FILE becomes FILE.1, FILE.1 becomes FILE.2 and so on; 0: never.
  uint64_t max_bytes = 100u << 20;
  /// How many of these are kept.
  int kept = 5;
  /// Seconds between two writes.
  double flush_seconds = 1;
};

/// Thread-safe. Each thread has a buffer of its own, so that writing a line waits for nobody; a
/// thread of the log's writes them all once a second, and when it ends. A file that was moved away
/// is made anew. After warm-up a line allocates nothing.
class AccessLog {
 public:
  /// kPermissionDenied, kNotFound, … if the file cannot be opened.
  static Result<std::unique_ptr<AccessLog>> Open(AccessLogOptions options);
  /// Writes what is left.
  ~AccessLog();
  AccessLog(const AccessLog&) = delete;
  AccessLog& operator=(const AccessLog&) = delete;

  /// `held`: the answer may still become 503, by Refuse(); Release() says that it did not. Both of
  /// the same thread.
  void Write(const AccessEntry& entry, bool held = false);
  void Refuse();
  void Release();

  /// Lines that were lost, as the file did not take them or too many waited.
  uint64_t lost_lines() const { return lost_.load(std::memory_order_relaxed); }

 private:
  struct Lane;
  explicit AccessLog(AccessLogOptions options);
  void Run();
  void Flush();
  Status Reopen();
  void Rotate();

  const AccessLogOptions options_;
  std::atomic<uint64_t> lost_{0};
  UniqueFd fd_;         // of the flushing thread, once it runs
  uint64_t bytes_ = 0;  // in the file
  Mutex mutex_;
  std::condition_variable wake_;
  bool stop_ QUERN_GUARDED_BY(mutex_) = false;
  PerThread<Lane> lanes_;
  std::thread thread_;
};

}  // namespace quern::server
