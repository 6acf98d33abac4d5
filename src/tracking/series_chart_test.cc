// Charts of long series: what a plain fold over all points gives.
#include "tracking/series_chart.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <map>

#include "tracking/bulk_log.h"
#include "tracking/test_store.h"

namespace quern::tracking {
namespace {

constexpr double kMax = std::numeric_limits<double>::max();

void Log(TestStore& store, const std::string& id, const std::vector<Point>& points) {
  BulkLog bulk(store.runs);
  int64_t record = 0;
  for (const Point& point : points) REQUIRE(bulk.Metric(record++, id, "m", point));
  REQUIRE(bulk.Flush());
}

Runs::ChartRequest Ask(const std::string& id, Along along, int64_t columns) {
  Runs::ChartRequest request;
  request.run_ids = {id};
  request.key = "m";
  request.along = along;
  request.columns = columns;
  return request;
}

/// Every point of the range, column by column, in the order of the axis.
std::map<int64_t, std::vector<Point>> Folded(std::vector<Point> points, const Columns& columns) {
  std::sort(points.begin(), points.end(), [&](const Point& a, const Point& b) {
    const int64_t at_a = PlaceOf(a, columns.along), at_b = PlaceOf(b, columns.along);
    return at_a != at_b ? at_a < at_b : Before(a, b);
  });
  std::map<int64_t, std::vector<Point>> folded;
  for (const Point& point : points) {
    const int64_t place = PlaceOf(point, columns.along);
    if (place < columns.first || place > columns.last) continue;
    folded[(place - columns.first) / static_cast<int64_t>(columns.width)].push_back(point);
  }
  return folded;
}

void CheckColumn(const Marks& marks, const std::vector<Point>& points) {
  std::vector<Point> even;
  long double total = 0;
  for (const Point& point : points) {
    if (std::isnan(point.value) || std::abs(point.value) == kMax) continue;
    even.push_back(point);
    total += point.value;
  }
  CHECK(marks.count == static_cast<int64_t>(points.size()));
  CHECK(marks.odd == static_cast<int64_t>(points.size() - even.size()));
  REQUIRE(marks.any() == !even.empty());
  if (even.empty()) {
    REQUIRE(marks.first_odd);
    CHECK(Same(*marks.first_odd, points.front()));
    return;
  }
  const auto less = [](const Point& a, const Point& b) { return a.value < b.value; };
  CHECK(Same(marks.first, even.front()));
  CHECK(Same(marks.last, even.back()));
  CHECK(Same(marks.least, *std::min_element(even.begin(), even.end(), less)));
  CHECK(Same(marks.greatest, *std::max_element(even.begin(), even.end(), less)));
  CHECK(marks.mean() ==
        doctest::Approx(static_cast<double>(total / static_cast<long double>(even.size()))));
}

}  // namespace

TEST_CASE("columns of a chart have what a fold over every point has") {
  TestStore store;
  constexpr int64_t kPoints = 12'000;
  // Steps evenly, in jumps, going back within chunks, the same for several points.
  const std::vector<std::function<int64_t(int64_t)>> kinds = {
      [](int64_t i) { return i; }, [](int64_t i) { return 7 * i + i % 3; },
      [](int64_t i) { return i * 577 % 6007; }, [](int64_t i) { return i / 5; }};
  for (const auto& kind : kinds) {
    const std::string id = store.Start();
    std::vector<Point> points;
    for (int64_t i = 0; i < kPoints; ++i) {
      double value = std::sin(static_cast<double>(i) / 50) + static_cast<double>(i * 31 % 17) / 10;
      if (i % 701 == 0 || (i > 3000 && i < 5200)) value = std::nan("");
      if (i % 997 == 0) value = i % 2 == 0 ? kMax : -kMax;
      if (i == 7777) value = 1000;
      points.push_back({1000 * i / 3, kind(i), value});
    }
    Log(store, id, {points.begin(), points.begin() + 9000});
    Log(store, id, {points.begin() + 9000, points.end() - 5});
    Log(store, id, {points.end() - 5, points.end()});  // young ones
    for (const Along along : {Along::kStep, Along::kTime}) {
      for (const int64_t columns : {1, 3, 80, 999}) {
        for (const bool part : {false, true}) {
          Runs::ChartRequest request = Ask(id, along, columns);
          if (part) request.first = 1300, request.last = 70'001;
          const auto chart = store.runs.ReadColumns(request);
          REQUIRE(chart);
          REQUIRE(*chart);
          const Columns& made = (*chart)->columns;
          const auto expected = Folded(points, made);
          const SeriesChart& series = (*chart)->runs.at(0).series;
          REQUIRE(series.columns.size() == expected.size());
          size_t at = 0, count = 0;
          for (const auto& [number, of_column] : expected) {
            CHECK(series.columns[at].number == number);
            CheckColumn(series.columns[at].marks, of_column);
            count += of_column.size();
            ++at;
          }
          CHECK(series.count == static_cast<int64_t>(count));
          CHECK(series.points.has_value() == (count <= static_cast<size_t>(4 * columns)));
          if (series.points) CHECK(series.points->size() == count);
        }
      }
    }
  }
}

TEST_CASE("the ends of all steps are a range, and what cannot be one is refused") {
  TestStore store;
  const std::string id = store.Start();
  constexpr int64_t kLeast = std::numeric_limits<int64_t>::min();
  constexpr int64_t kMost = std::numeric_limits<int64_t>::max();
  Log(store, id, {{1, kLeast, 1}, {2, 0, 2}, {3, kMost, 3}});
  const auto chart = store.runs.ReadColumns(Ask(id, Along::kStep, 2));
  REQUIRE(chart);
  CHECK((*chart)->columns.first == kLeast);
  CHECK((*chart)->columns.last == kMost);
  CHECK((*chart)->runs.at(0).series.columns.size() == 2);
  Runs::ChartRequest request = Ask(id, Along::kStep, 0);
  CHECK(store.runs.ReadColumns(request).error().code == Code::kInvalidArgument);
  request.columns = 10;
  request.first = 5;
  CHECK(store.runs.ReadColumns(request).error().code == Code::kInvalidArgument);
  request.last = 4;
  CHECK(store.runs.ReadColumns(request).error().code == Code::kInvalidArgument);
  request.last = 5;
  CHECK((*store.runs.ReadColumns(request))->runs.at(0).series.count == 0);
  request.key = "other";
  CHECK_FALSE(*store.runs.ReadColumns(request));
  request.run_ids = {"nobody"};
  CHECK(store.runs.ReadColumns(request).error().code == Code::kNotFound);
}

TEST_CASE("chunks of an older program, which kept no marks, are opened") {
  TestStore store;
  const std::string id = store.Start();
  std::vector<Point> points;
  for (int64_t i = 0; i < 5000; ++i) points.push_back({i, i, i == 2345 ? 9.0 : 1.0});
  Log(store, id, points);
  const auto ask = [&] {
    const auto chart = store.runs.ReadColumns(Ask(id, Along::kStep, 2));
    REQUIRE(chart);
    const Marks& marks = (*chart)->runs.at(0).series.columns.at(0).marks;
    CHECK(marks.count == 2500);
    CHECK(marks.greatest.step == 2345);
  };
  ask();
  REQUIRE(store.db->Execute("UPDATE metric_chunks SET marks = NULL, odd = NULL, mean = NULL", {}));
  ask();
  REQUIRE(store.db->Execute("UPDATE metric_chunks SET marks = ?, odd = 0, mean = 1",
                            {store::Bytes{"x"}}));
  CHECK(store.runs.ReadColumns(Ask(id, Along::kStep, 2)).error().code == Code::kDataLoss);
}

}  // namespace quern::tracking
