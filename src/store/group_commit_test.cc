#include "store/group_commit.h"

#include <doctest/doctest.h>

#include <atomic>
#include <future>
#include <latch>
#include <semaphore>
#include <thread>

namespace quern::store {
namespace {

/// Much longer than anything here takes.
constexpr auto kLongest = std::chrono::seconds(20);

/// Runs what was taken, after `begin` has come back.
GroupCommit::Commit After(std::function<void()> begin) {
  return [begin = std::move(begin)](const GroupCommit::Take& take) {
    begin();
    for (PendingWrite* write : take()) write->status = (*write->body)();
  };
}

}  // namespace

TEST_CASE("behind a commit that hangs a short line waits, the others are told at once") {
  std::latch release(1);
  std::atomic<int> commits{0}, done{0};
  std::counting_semaphore<> refusals(0);
  GroupCommit group(After([&] {
                      if (++commits == 1) release.wait();
                    }),
                    std::chrono::milliseconds(50));
  constexpr int kCallers = 60, kRefused = kCallers - static_cast<int>(GroupCommit::kLine);
  std::vector<std::thread> callers;
  for (int i = 0; i < kCallers; ++i) {
    callers.emplace_back([&] {
      const Status status = group.Write([&]() -> Status {
        ++done;
        return {};
      });
      if (status) return;
      CHECK(status.error().code == Code::kUnavailable);
      refusals.release();
    });
  }
  // Whoever is not told waits for the release below: that would be a failure, not the end of time.
  int refused = 0;
  while (refused < kRefused && refusals.try_acquire_for(kLongest)) ++refused;
  // The line is full, so that who comes now does not wait either.
  auto late = std::async(std::launch::async, [&] { return group.Write([] { return Status(); }); });
  CHECK(late.wait_for(kLongest) == std::future_status::ready);
  CHECK(done == 0);
  release.count_down();
  CHECK_FALSE(late.get());
  for (std::thread& caller : callers) caller.join();
  CHECK(refused == kRefused);
  CHECK(done == static_cast<int>(GroupCommit::kLine));
  CHECK(commits == 1);
  CHECK(group.Write([] { return Status(); }));
}

TEST_CASE("a long line that moves is not cut") {
  GroupCommit group(After([] { std::this_thread::yield(); }), std::chrono::seconds(30));
  std::atomic<int> done{0};
  std::vector<std::thread> callers;
  for (int i = 0; i < 48; ++i) {
    callers.emplace_back([&] {
      for (int k = 0; k < 20; ++k) {
        CHECK(group.Write([&]() -> Status {
          ++done;
          return {};
        }));
      }
    });
  }
  for (std::thread& caller : callers) caller.join();
  CHECK(done == 48 * 20);
}

}  // namespace quern::store
