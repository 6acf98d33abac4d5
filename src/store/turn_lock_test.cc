#include "store/turn_lock.h"

#include <doctest/doctest.h>

#include <atomic>
#include <vector>

namespace quern::store {
namespace {

TEST_CASE("the same thread may take it again") {
  TurnLock lock;
  const std::lock_guard once(lock);
  const std::lock_guard twice(lock);
}

TEST_CASE("one thread at a time holds it") {
  TurnLock lock;
  size_t count = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 2000; ++i) {
        const std::lock_guard guard(lock);
        ++count;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(count == 8000);
}

TEST_CASE("who comes again at once does not pass those who wait") {
  TurnLock lock;
  std::atomic<bool> had_it{false};
  lock.lock();
  std::thread other([&] {
    const std::lock_guard guard(lock);
    had_it = true;
  });
  while (lock.waiting() == 0) std::this_thread::yield();
  lock.unlock();
  lock.lock();
  CHECK(had_it);
  lock.unlock();
  other.join();
}

}  // namespace
}  // namespace quern::store
