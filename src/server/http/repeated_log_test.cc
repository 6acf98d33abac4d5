#include "server/http/repeated_log.h"

#include <doctest/doctest.h>

namespace quern::server {

TEST_CASE("what fails again and again is told at once, then with a count") {
  ManualClock clock(1'000'000);
  RepeatedLog log(clock);
  CHECK(log.Line("the disk is full") == "the disk is full");
  for (int i = 0; i < 500; ++i) CHECK_FALSE(log.Line("the disk is full"));
  CHECK(log.Line("something else") == "something else");
  clock.Set(1'009'999);
  CHECK_FALSE(log.Line("the disk is full"));
  clock.Set(1'010'000);
  CHECK(log.Line("the disk is full") == "the disk is full (and 501 more since it was last told)");
  clock.Set(1'020'000);
  CHECK(log.Line("the disk is full") == "the disk is full");
  // A clock that is set back.
  clock.Set(5);
  CHECK(log.Line("the disk is full") == "the disk is full");
  CHECK_FALSE(log.Line("the disk is full"));
  // Texts without end are forgotten, not kept.
  for (int i = 0; i < 1000; ++i) CHECK(log.Line("request " + std::to_string(i)));
  CHECK(log.Line("the disk is full") == "the disk is full");
}

}  // namespace quern::server
