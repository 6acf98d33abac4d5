#include "store/group_commit.h"

#include <doctest/doctest.h>

#include <atomic>
#include <latch>
#include <thread>

namespace quern::store {
namespace {

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
  std::atomic<int> commits{0}, done{0}, refused{0};
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
      ++refused;
      refused.notify_all();
    });
  }
  for (int seen = refused; seen < kRefused; seen = refused) refused.wait(seen);
  // The line is full, so that who comes now does not wait either.
  CHECK_FALSE(group.Write([] { return Status(); }));
  CHECK(done == 0);
  release.count_down();
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
