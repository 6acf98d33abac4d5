#pragma once
// Coarse timers of one event loop. Each kind of wait has one length, so those who wait the same
// wait stand in the order of their deadlines: starting and ending a wait costs two pointers.
#include <array>
#include <chrono>
#include <cstddef>

namespace quern::net {

using Clock = std::chrono::steady_clock;

/// What a connection, or a listener, may wait for.
enum class Wait {
  kHandshake,
  kHeader,
  kBody,
  kIdle,
  kWrite,
  kStall,
  kLinger,
  kBackOff,
  kAgain,
};
inline constexpr size_t kWaits = 9;

/// One wait at a time; ends its wait when it goes.
class Timer {
 public:
  virtual ~Timer() { Stop(); }
  Timer() = default;
  Timer(const Timer&) = delete;
  Timer& operator=(const Timer&) = delete;

  virtual void OnTimeout(Wait wait) = 0;
  void Stop() {
    if (next_ == nullptr) return;
    before_->next_ = next_;
    next_->before_ = before_;
    next_ = before_ = nullptr;
  }
  bool waits() const { return next_ != nullptr; }

 private:
  friend class Timers;
  Timer* before_ = nullptr;
  Timer* next_ = nullptr;
  Clock::time_point deadline_;
  Wait wait_ = Wait::kIdle;
};

/// Not thread-safe. Timers that wait must end before it does.
class Timers {
 public:
  using Seconds = std::array<double, kWaits>;
  explicit Timers(const Seconds& seconds);
  ~Timers();

  /// Starts a wait, in place of the one that `timer` may be in.
  void Start(Timer* timer, Wait wait, Clock::time_point now);
  /// Milliseconds until the next deadline, rounded up; -1 if nobody waits.
  int UntilNext(Clock::time_point now) const;
  /// Calls OnTimeout() of all whose deadline has passed; each may start or stop any timer.
  void Fire(Clock::time_point now);

 private:
  /// The two ends of a ring.
  struct End : Timer {
    void OnTimeout(Wait /*wait*/) override {}
  };
  static bool Empty(const End& end) { return end.next_ == &end; }

  std::array<Clock::duration, kWaits> lengths_;
  std::array<End, kWaits> ends_;
};

}  // namespace quern::net
