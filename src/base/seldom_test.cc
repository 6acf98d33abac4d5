#include "base/seldom.h"

#include <doctest/doctest.h>

#include <thread>
#include <vector>

namespace quern {

TEST_CASE("it is due at first, then not for a while, and for one of many threads") {
  Seldom hourly(3600);
  std::atomic<int> due{0};
  std::vector<std::jthread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 1000; ++i) due += hourly.IsDue() ? 1 : 0;
    });
  }
  threads.clear();
  CHECK(due == 1);
  Seldom always(0);
  CHECK(always.IsDue());
  const double begin = MonotonicSeconds();
  while (MonotonicSeconds() == begin) {
  }
  CHECK(always.IsDue());
}

}  // namespace quern
