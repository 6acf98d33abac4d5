#include "deploy/snapshot.h"

#include <doctest/doctest.h>

#include <thread>

namespace quern::deploy {
namespace {

/// Knows whether it was freed while somebody could see it.
struct Value {
  explicit Value(int value) : a(value), b(-value) {}
  ~Value() { a = b = 1; }
  int a;
  int b;
};

}  // namespace

TEST_CASE("readers see one whole value while it is replaced") {
  Snapshot<Value> snapshot(std::make_unique<Value>(0));
  std::atomic<bool> stop{false};
  std::atomic<uint64_t> bad{0};
  std::atomic<uint64_t> reads{0};
  std::vector<std::thread> readers;
  for (int i = 0; i < 3; ++i) {
    readers.emplace_back([&] {
      int last = 0;
      while (!stop.load(std::memory_order_relaxed)) {
        const Snapshot<Value>::Reader reader(snapshot);
        bad += reader->a != -reader->b || reader->a < last;
        last = reader->a;
        reads.fetch_add(1, std::memory_order_relaxed);
      }
    });
  }
  int freed = 0;
  int made = 0;
  while (reads.load() < 100'000 || made < 20'000) {
    snapshot.Replace(std::make_unique<Value>(++made));
    snapshot.Reclaim([&](auto value) { freed += value->a == -value->b; });
  }
  stop = true;
  for (std::thread& reader : readers) reader.join();
  snapshot.Reclaim([&](auto value) { freed += value->a == -value->b; });
  CHECK(bad == 0);
  CHECK(freed == made);
}

TEST_CASE("what is being read is kept") {
  Snapshot<Value> snapshot(std::make_unique<Value>(1));
  int freed = 0;
  {
    const Snapshot<Value>::Reader reader(snapshot);
    snapshot.Replace(std::make_unique<Value>(2));
    snapshot.Reclaim([&](auto) { ++freed; });
    CHECK(freed == 0);
    CHECK(reader->a == 1);
  }
  snapshot.Reclaim([&](auto) { ++freed; });
  CHECK(freed == 1);
}

}  // namespace quern::deploy
