#pragma once
// Clock port and the two time formats of the program.
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace quern {

/// Passed in wherever "now" matters, so that tests can set it. Implementations are thread-safe.
class Clock {
 public:
  virtual ~Clock() = default;
  /// Milliseconds since the Unix epoch, UTC.
  virtual int64_t NowMs() const = 0;
};
const Clock& SystemClock();
/// A clock that stands still until told: for tests.
class ManualClock : public Clock {
 public:
  explicit ManualClock(int64_t now_ms) : now_ms_(now_ms) {}
  int64_t NowMs() const override { return now_ms_; }
  void Set(int64_t now_ms) { now_ms_ = now_ms; }

 private:
  int64_t now_ms_;
};

/// Seconds from a monotonic clock, for durations.
double MonotonicSeconds();
/// "2026-11-24T16:54:29.123Z".
std::string FormatTime(int64_t ms);
/// Reads the same form, or a date alone.
Result<int64_t> ParseTime(std::string_view text);
/// "90s", "15m", "6h", "7d", "2w" in seconds.
Result<double> ParseDuration(std::string_view text);

}  // namespace quern
