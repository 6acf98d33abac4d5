#pragma once
// One log line for many failures of one kind.
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "base/mutex.h"
#include "base/time.h"

namespace quern::server {

/// In an outage every request fails in the same way: the first is told at once, those of the
/// following seconds are counted, and the next line says how many they were. Thread-safe. Borrows
/// the clock.
class RepeatedLog {
 public:
  explicit RepeatedLog(const Clock& clock = SystemClock()) : clock_(clock) {}

  /// The line to write for this failure, or nothing.
  std::optional<std::string> Line(std::string_view text);

 private:
  static constexpr int64_t kWindowMs = 10'000;
  /// Kinds that are remembered; texts may hold what was asked, so that there is no end of them.
  static constexpr size_t kMostKinds = 64;
  struct Kind {
    int64_t told_ms = 0;
    int64_t untold = 0;
  };
  const Clock& clock_;
  Mutex mutex_;
  std::map<std::string, Kind, std::less<>> kinds_ QUERN_GUARDED_BY(mutex_);
};

}  // namespace quern::server
