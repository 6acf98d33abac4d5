// Charts of long series, and series that come in bulk.
#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <functional>
#include <set>
#include <thread>

#include "tracking/bulk_log.h"
#include "tracking/test_store.h"

namespace quern::tracking {

TEST_CASE("a chart shows what it would if every point were read, whatever the steps are like") {
  TestStore store;
  // By run: step of the i-th point. Chunks of the first three need not be opened for their steps.
  const std::vector<std::function<int64_t(int64_t)>> kinds = {
      [](int64_t i) { return i; },
      [](int64_t i) { return 10 * i + 3; },
      [](int64_t i) { return 5000 + 2 * i; },
      [](int64_t i) { return i * i % 977; },
      [](int64_t i) { return i / 3; },
      [](int64_t i) { return -i; }};
  std::vector<std::string> ids;
  std::vector<std::set<int64_t>> steps;
  for (const auto& kind : kinds) {
    ids.push_back(store.Start());
    steps.emplace_back();
    for (int64_t at = 0; at < 3500; at += 500) {
      Batch batch;
      for (int64_t i = at; i < at + 500; ++i) {
        batch.metrics.push_back(At("m", static_cast<double>(i), kind(i), i));
        steps.back().insert(kind(i));
      }
      REQUIRE(store.runs.Log(ids.back(), batch));
    }
  }
  const auto check = [&](const std::vector<size_t>& which, int64_t first, int64_t last,
                         size_t most) {
    std::set<int64_t> all;
    std::vector<std::string> asked;
    for (const size_t run : which) {
      asked.push_back(ids[run]);
      for (const int64_t step : steps[run]) {
        if (step >= first && step <= last) all.insert(step);
      }
    }
    const std::vector<int64_t> ranked(all.begin(), all.end());
    std::set<int64_t> chosen(all.size() <= most ? all : std::set<int64_t>());
    for (size_t i = 0; all.size() > most && i < most; ++i) {
      chosen.insert(ranked[i * ranked.size() / most]);
    }
    if (all.size() > most) chosen.insert(ranked.back());
    for (const size_t run : which) {
      const auto low = steps[run].lower_bound(first), end = steps[run].upper_bound(last);
      if (low == end || all.size() <= most) continue;
      chosen.insert(*low);
      chosen.insert(*std::prev(end));
    }
    const auto points =
        store.runs.HistoryInterval(asked, "m", first, last, static_cast<int64_t>(most));
    REQUIRE(points);
    for (const size_t run : which) {
      std::set<int64_t> expected, shown;
      for (const int64_t step : chosen) {
        if (steps[run].contains(step)) expected.insert(step);
      }
      for (const auto& part : *points) {
        if (part.run_id != ids[run]) continue;
        for (const Point& point : part.points) shown.insert(point.step);
      }
      CHECK(shown == expected);
    }
  };
  for (size_t run = 0; run < kinds.size(); ++run) {
    check({run}, -10'000, 100'000, 20);
    check({run}, 100, 3000, 7);
    check({run}, 1020, 1030, 50);
  }
  check({0, 1, 2}, 0, 100'000, 33);
  check({0, 1, 2, 3, 4, 5}, -5000, 100'000, 100);
}

namespace {

int64_t Number(TestStore& store, const std::string& sql) {
  int64_t number = -1;
  REQUIRE(store.db->Query(sql, {}, [&](const store::Row& row) { number = row.Int(0); }));
  return number;
}

/// The whole history, read in pages.
std::vector<Point> InPages(TestStore& store, const std::string& id, int64_t most) {
  std::vector<Point> all;
  std::string token;
  do {
    const auto page = store.runs.History(id, "m", most, token);
    REQUIRE(page);
    REQUIRE(static_cast<int64_t>(page->items.size()) <= most);
    all.insert(all.end(), page->items.begin(), page->items.end());
    token = page->next_token;
  } while (!token.empty());
  return all;
}

}  // namespace

TEST_CASE("points that come some at a time are neither rows nor chunks without end") {
  TestStore store;
  const std::string id = store.Start();
  constexpr int64_t kBatches = 150, kEach = 20;
  for (int64_t at = 0; at < kBatches; ++at) {
    Batch batch;
    for (int64_t i = at * kEach; i < (at + 1) * kEach; ++i) {
      batch.metrics.push_back(At("m", static_cast<double>(i), i, i));
    }
    REQUIRE(store.runs.Log(id, batch));
    REQUIRE(store.runs.Log(id, batch));  // a client that was not sure
  }
  CHECK(Number(store, "SELECT count(*) FROM metric_points") == 0);
  CHECK(Number(store, "SELECT count(*) FROM metric_chunks") < 60);
  CHECK(Number(store, "SELECT sum(points) FROM metric_chunks") == kBatches * kEach);
  CHECK(store.runs.Get(id)->metrics[0].points == kBatches * kEach);
  // One more than each, which lies among the small chunks, the merged ones and in front of all.
  for (const int64_t step : {int64_t{-1}, int64_t{500}, kBatches * kEach - 30}) {
    REQUIRE(store.runs.Log(id, {{At("m", 0.5, step, step + 1), At("m", 7, step, 0)}, {}, {}}));
    REQUIRE(store.runs.Log(id, {{At("m", 0.5, step, step + 1)}, {}, {}}));
  }
  const auto all = InPages(store, id, 1000);
  REQUIRE(all.size() == kBatches * kEach + 6);
  CHECK(std::is_sorted(all.begin(), all.end(), Before));
}

TEST_CASE("small chunks are merged however many points the batch behind them has") {
  constexpr int64_t kSmall = 63, kEach = 16, kRounds = 6;
  for (const int64_t large : {1040, 20'000}) {
    TestStore store;
    const std::string id = store.Start();
    int64_t next = 0;
    const auto log = [&](int64_t count) {
      BulkLog bulk(store.runs);
      for (const int64_t end = next + count; next < end; ++next) {
        REQUIRE(bulk.Metric(next, id, "m", {next, next, static_cast<double>(next)}));
      }
      REQUIRE(bulk.Flush());
    };
    for (int64_t round = 0; round < kRounds; ++round) {
      for (int64_t i = 0; i < kSmall; ++i) log(kEach);
      log(large);
    }
    CHECK(Number(store, "SELECT count(*) FROM metric_chunks WHERE points < 512") <= 1);
    const auto all = InPages(store, id, 25'000);
    CHECK(static_cast<int64_t>(all.size()) == kRounds * (kSmall * kEach + large));
    CHECK(std::is_sorted(all.begin(), all.end(), Before));
  }
}

TEST_CASE("a point that comes many times at once is one point, not a chunk") {
  TestStore store;
  const std::string id = store.Start();
  REQUIRE(store.runs.Log(id, {{At("m", 1, 1, 1)}, {}, {}}));
  Batch batch;
  for (int i = 0; i < 20; ++i) batch.metrics.push_back(At("m", 2, 2, 2));
  REQUIRE(store.runs.Log(id, batch));
  CHECK(Number(store, "SELECT count(*) FROM metric_chunks") == 0);
  CHECK(Number(store, "SELECT count(*) FROM metric_points") == 2);
  CHECK(store.runs.Get(id)->metrics[0].points == 2);
}

TEST_CASE("a page of a history is the same part of it, however the times of its chunks lie") {
  TestStore store;
  // By run: time of the i-th point.
  const std::vector<std::function<int64_t(int64_t)>> kinds = {
      [](int64_t i) { return i; },             // one after the other
      [](int64_t i) { return i % 400; },       // each batch the same
      [](int64_t i) { return 10'000 - i; },    // backwards
      [](int64_t i) { return i / 700; },       // neighbours touch
      [](int64_t i) { return i * i % 977; }};  // all over
  for (const auto& kind : kinds) {
    const std::string id = store.Start();
    std::vector<Point> expected;
    for (int64_t at = 0; at < 3600; at += 400) {
      Batch batch;
      for (int64_t i = at; i < at + 400; ++i) {
        batch.metrics.push_back(At("m", static_cast<double>(i % 7), i, kind(i)));
        expected.push_back({kind(i), i, static_cast<double>(i % 7)});
      }
      REQUIRE(store.runs.Log(id, batch));
    }
    // And some rows.
    for (int64_t i = 0; i < 5; ++i) {
      REQUIRE(store.runs.Log(id, {{At("m", -1, i, kind(i * 800))}, {}, {}}));
      expected.push_back({kind(i * 800), i, -1});
    }
    std::sort(expected.begin(), expected.end(), Before);
    for (const int64_t most : {7, 400, 1201, 3605, 10'000}) {
      const auto all = InPages(store, id, most);
      REQUIRE(all.size() == expected.size());
      CHECK(std::equal(all.begin(), all.end(), expected.begin(), Same));
    }
    CHECK(store.runs.History(id, "m", 10, "3605")->items.empty());
    CHECK(store.runs.History(id, "m", 10, "3604")->items.size() == 1);
  }
}

TEST_CASE("whoever reads a series while it grows sees it as it was at one moment") {
  TestStore store;
  const std::string id = store.Start();
  std::atomic<bool> done{false};
  std::thread writer([&] {
    int64_t next = 0;
    for (int64_t round = 0; round < 400; ++round) {
      Batch batch;
      for (const int64_t end = next + (round % 3 == 0 ? 1 : 40); next < end; ++next) {
        batch.metrics.push_back(At("m", static_cast<double>(next), next, next));
      }
      if (!store.runs.Log(id, batch)) break;
    }
    done = true;
  });
  size_t seen = 0;
  bool whole = true;
  while (!done) {
    const auto page = store.runs.History(id, "m", 25'000, "");
    const auto chart = store.runs.HistoryInterval({id}, "m", 0, 1'000'000, 2'500);
    if (!page || !chart) {
      whole = false;
      break;
    }
    for (size_t i = 0; i < page->items.size(); ++i) {
      whole = whole && page->items[i].step == static_cast<int64_t>(i);
    }
    whole = whole && page->items.size() >= seen;
    seen = page->items.size();
    // The first and the last step are always shown.
    if (seen > 0) whole = whole && !chart->empty() && chart->front().points.front().step == 0;
  }
  writer.join();
  CHECK(whole);
  CHECK(InPages(store, id, 25'000).size() == 134 + 266 * 40);
}

TEST_CASE("bulk records are kept once, and what is wrong is told") {
  TestStore store;
  const std::string a = store.Start(), b = store.Start();
  REQUIRE(store.runs.LogParam(a, "lr", "1"));
  constexpr int64_t kPoints = 70'000;  // more than one transaction
  const auto log_all = [&] {
    BulkLog log(store.runs);
    int64_t record = 0;
    for (int64_t i = 0; i < kPoints; ++i) {
      for (const std::string& id : {a, b}) {
        REQUIRE(log.Metric(++record, id, i % 2 == 0 ? "even" : "odd",
                           {i, i / 2, static_cast<double>(i) * 0.5}));
      }
    }
    REQUIRE(log.Metric(++record, "nobody", "m", {1, 1, 1}));
    REQUIRE(log.Metric(++record, "nobody", "m", {2, 1, 1}));
    REQUIRE(log.Metric(++record, a, "a\\b", {1, 1, 1}));
    REQUIRE(log.Metric(++record, a, "m", {-1, 1, 1}));
    REQUIRE(log.Param(++record, a, "lr", "2"));
    REQUIRE(log.Param(++record, b, "lr", "2"));
    REQUIRE(log.Tag(++record, b, "team", "blue"));
    REQUIRE(log.Flush());
    return log.report();
  };
  const BulkReport first = log_all();
  CHECK(first.metrics == 2 * kPoints);
  CHECK(first.repeated == 0);
  CHECK(first.params == 1);
  CHECK(first.tags == 1);
  CHECK(first.refused == 5);
  std::vector<int64_t> told;
  for (const auto& refusal : first.refusals) told.push_back(refusal.record - 2 * kPoints);
  std::sort(told.begin(), told.end());
  CHECK(told == std::vector<int64_t>{1, 3, 4, 5});
  const BulkReport again = log_all();
  CHECK(again.metrics == 0);
  CHECK(again.repeated == 2 * kPoints);
  const auto run = store.runs.Get(b);
  CHECK(run->metrics.size() == 2);
  CHECK(run->metrics[0].points == kPoints / 2);
  CHECK(run->metrics[0].value == static_cast<double>(kPoints - 2) * 0.5);
  CHECK(run->params == Texts{{"lr", "2"}});
  CHECK(run->tags.at("team") == "blue");
  CHECK(store.runs.Get(a)->params == Texts{{"lr", "1"}});
}

TEST_CASE("a bulk that is kept is no error when the database cannot count its rows anew") {
  TestStore store;
  if (store.db->dialect() != store::Dialect::kPostgres) return;
  const std::string id = store.Start();
  // PostgreSQL computes what an index is of when it counts.
  for (const char* sql :
       {"CREATE FUNCTION fragile(i INTEGER) RETURNS INTEGER LANGUAGE sql IMMUTABLE AS 'SELECT i'",
        "CREATE TABLE counted AS SELECT i FROM generate_series(0, 9) i",
        "CREATE INDEX counted_by ON counted(fragile(i))",
        "CREATE OR REPLACE FUNCTION fragile(i INTEGER) RETURNS INTEGER LANGUAGE sql IMMUTABLE AS "
        "'SELECT 1 / i'"}) {
    REQUIRE(store.db->Execute(sql));
  }
  REQUIRE_FALSE(store.db->Execute("ANALYZE counted"));
  BulkLog log(store.runs);
  for (int64_t i = 0; i < 100'000; ++i) REQUIRE(log.Metric(i, id, "m", {i, i, 0.5}));
  REQUIRE(log.Flush());
  CHECK(log.report().metrics == 100'000);
  CHECK(store.runs.Get(id)->metrics[0].points == 100'000);
}

}  // namespace quern::tracking
