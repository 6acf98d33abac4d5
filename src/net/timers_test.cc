#include "net/timers.h"

#include <doctest/doctest.h>

#include <string>

namespace quern::net {
namespace {

using std::chrono::milliseconds;

struct Noted : Timer {
  Noted(std::string the_name, std::string* the_log) : name(std::move(the_name)), log(the_log) {}
  void OnTimeout(Wait /*wait*/) override { *log += name; }
  std::string name;
  std::string* log;
};

TEST_CASE("waits end in the order of their deadlines, unless they are stopped or begun anew") {
  Timers::Seconds seconds{};
  seconds[static_cast<size_t>(Wait::kHeader)] = 0.010;
  seconds[static_cast<size_t>(Wait::kIdle)] = 0.025;
  Timers timers(seconds);
  const Clock::time_point start = Clock::now();
  std::string log;
  CHECK(timers.UntilNext(start) == -1);
  Noted a("a", &log);
  Noted b("b", &log);
  Noted c("c", &log);
  {
    Noted gone("gone", &log);
    timers.Start(&gone, Wait::kHeader, start);
  }
  timers.Start(&a, Wait::kIdle, start);
  timers.Start(&b, Wait::kHeader, start);
  timers.Start(&c, Wait::kHeader, start + milliseconds(3));
  CHECK(timers.UntilNext(start) == 10);
  CHECK(timers.UntilNext(start + std::chrono::microseconds(9500)) == 1);
  timers.Fire(start + milliseconds(9));
  CHECK(log.empty());
  timers.Fire(start + milliseconds(10));
  CHECK(log == "b");
  CHECK_FALSE(b.waits());
  timers.Start(&c, Wait::kHeader, start + milliseconds(12));
  timers.Fire(start + milliseconds(21));
  CHECK(log == "b");
  a.Stop();
  timers.Fire(start + milliseconds(100));
  CHECK(log == "bc");
  CHECK(timers.UntilNext(start) == -1);
}

}  // namespace
}  // namespace quern::net
