#include "base/per_thread.h"

#include <doctest/doctest.h>

#include <optional>
#include <thread>

namespace quern {
namespace {

struct Counter {
  std::atomic<int> count{0};
};

int Sum(const std::vector<std::shared_ptr<Counter>>& lanes) {
  int sum = 0;
  for (const auto& lane : lanes) sum += lane->count;
  return sum;
}

TEST_CASE("each thread has a lane of its own, and each object its own lanes") {
  PerThread<Counter> one;
  PerThread<Counter> other;
  Counter& mine = one.Mine();
  CHECK(&one.Mine() == &mine);
  CHECK(&other.Mine() != &mine);
  Counter* theirs = nullptr;
  std::thread([&] { theirs = &one.Mine(); }).join();
  CHECK(theirs != &mine);
  CHECK(one.Collect().size() == 2);
  CHECK(other.Collect().size() == 1);
}

TEST_CASE("a lane whose thread has ended is collected once more, and nothing of it is lost") {
  PerThread<Counter> lanes;
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int k = 0; k < 1000; ++k) ++lanes.Mine().count;
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(Sum(lanes.Collect()) == 4000);
  CHECK(lanes.Collect().empty());
  lanes.Mine().count = 7;
  CHECK(Sum(lanes.Collect()) == 7);
  CHECK(Sum(lanes.Collect()) == 7);  // of a thread that goes on
}

TEST_CASE("an object made where another one was does not get its lanes") {
  std::optional<PerThread<Counter>> lanes;
  for (int i = 0; i < 100; ++i) {
    lanes.emplace();
    CHECK(lanes->Mine().count == 0);
    lanes->Mine().count = 1;
  }
}

}  // namespace
}  // namespace quern
