#include "net/timers.h"

#include <algorithm>

#include "base/check.h"

namespace quern::net {

Timers::Timers(const Seconds& seconds) {
  for (size_t i = 0; i < kWaits; ++i) {
    lengths_[i] =
        std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(seconds[i]));
    ends_[i].next_ = ends_[i].before_ = &ends_[i];
  }
}

Timers::~Timers() {
  for (End& end : ends_) {
    QUERN_CHECK(Empty(end), "a timer outlives its event loop");
    end.next_ = end.before_ = nullptr;
  }
}

void Timers::Start(Timer* timer, Wait wait, Clock::time_point now) {
  timer->Stop();
  End& end = ends_[static_cast<size_t>(wait)];
  timer->wait_ = wait;
  timer->deadline_ = now + lengths_[static_cast<size_t>(wait)];
  timer->before_ = end.before_;
  timer->next_ = &end;
  end.before_->next_ = timer;
  end.before_ = timer;
}

int Timers::UntilNext(Clock::time_point now) const {
  // Waits are seconds long, and nobody minds a thousand of them.
  constexpr int kLongest = 1'000'000;
  int soonest = -1;
  for (const End& end : ends_) {
    if (Empty(end)) continue;
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(end.next_->deadline_ - now);
    const int ms = static_cast<int>(std::clamp<int64_t>(left.count(), 0, kLongest));
    soonest = soonest < 0 ? ms : std::min(soonest, ms);
  }
  return soonest;
}

void Timers::Fire(Clock::time_point now) {
  for (End& end : ends_) {
    while (!Empty(end) && end.next_->deadline_ <= now) {
      Timer* timer = end.next_;
      timer->Stop();
      timer->OnTimeout(timer->wait_);
    }
  }
}

}  // namespace quern::net
