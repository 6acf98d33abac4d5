#include "tracking/series_chart.h"

#include <algorithm>
#include <map>
#include <utility>

#include "tracking/series_rows.h"

namespace quern::tracking {
namespace {

using store::Database;

/// Collects what lies in the range: points as long as there are few, marks by column.
class Collector {
 public:
  Collector(const Columns& columns, size_t most) : columns_(columns), most_(most) {}

  void Add(const Point& point) {
    const int64_t place = PlaceOf(point, columns_.along);
    if (!columns_.Has(place)) return;
    if (few_) points_.push_back(point);
    if (points_.size() > most_) TooMany();
    by_column_[columns_.At(place)].Add(point, columns_.along);
  }
  void Add(int64_t place, const Marks& marks) {
    TooMany();
    by_column_[columns_.At(place)].Add(marks, columns_.along);
  }

  SeriesChart Finish() {
    SeriesChart chart;
    for (auto& [number, marks] : by_column_) {
      chart.count += marks.count;
      chart.odd += marks.odd;
      chart.columns.push_back({number, std::move(marks)});
    }
    if (!few_) return chart;
    std::sort(points_.begin(), points_.end(),
              [this](const Point& a, const Point& b) { return Earlier(a, b, columns_.along); });
    chart.points = std::move(points_);
    return chart;
  }

 private:
  void TooMany() {
    few_ = false;
    points_.clear();
  }

  const Columns& columns_;
  size_t most_;
  bool few_ = true;
  std::vector<Point> points_;
  std::map<int64_t, Marks> by_column_;
};

Result<SeriesChart> ReadChartOnce(Database& db, int64_t series, const Columns& columns,
                                  size_t most) {
  QUERN_ASSIGN(const Outline outline, ReadOutline(db, series));
  const auto first_of = [&](const ChunkHead& head) {
    return columns.along == Along::kStep ? head.first_step : head.first_ms;
  };
  const auto last_of = [&](const ChunkHead& head) {
    return columns.along == Along::kStep ? head.top_step : head.last_ms;
  };
  std::vector<ChunkHead> heads;
  size_t points = outline.young.size();
  for (const ChunkHead& head : outline.chunks) {
    if (first_of(head) > columns.last || last_of(head) < columns.first) continue;
    points += static_cast<size_t>(head.points);
    heads.push_back(head);
  }
  std::map<int64_t, Marks> kept;
  // A chunk never changes: what is read now is of the chunks above, or of none.
  if (points > most) {
    QUERN_ASSIGN(kept, ReadAllMarks(db, series));
  }
  Collector collector(columns, most);
  for (const Point& point : outline.young) collector.Add(point);
  for (const ChunkHead& head : heads) {
    const int64_t first = first_of(head), last = last_of(head);
    const auto marks = kept.find(head.position);
    if (marks != kept.end() && columns.Has(first) && columns.Has(last) &&
        columns.At(first) == columns.At(last)) {
      collector.Add(first, marks->second);
      continue;
    }
    QUERN_ASSIGN(const std::string bytes, ReadChunk(db, series, head.position));
    QUERN_ASSIGN(const std::vector<Point> opened, DecodeChunk(bytes));
    for (const Point& point : opened) collector.Add(point);
  }
  return collector.Finish();
}

}  // namespace

Columns Columns::Of(Along along, int64_t first, int64_t last, int64_t most) {
  // Unsigned: the range may be as wide as all of int64_t.
  const uint64_t reach = static_cast<uint64_t>(last) - static_cast<uint64_t>(first);
  return {along, first, last, reach / static_cast<uint64_t>(most) + 1};
}

int64_t Columns::At(int64_t place) const {
  return static_cast<int64_t>((static_cast<uint64_t>(place) - static_cast<uint64_t>(first)) /
                              width);
}

Result<SeriesChart> ReadChart(Database& db, int64_t series, const Columns& columns, size_t most) {
  return Steadily<SeriesChart>([&] { return ReadChartOnce(db, series, columns, most); });
}

Result<std::optional<std::pair<int64_t, int64_t>>> ReadEnds(Database& db, int64_t series,
                                                            Along along) {
  QUERN_ASSIGN(const auto range, ReadRange(db, series));
  std::optional<std::pair<int64_t, int64_t>> ends;
  if (!range) return ends;
  ends = along == Along::kStep ? std::pair{range->first_step, range->top_step}
                               : std::pair{range->first_ms, range->last_ms};
  return ends;
}

}  // namespace quern::tracking
