#include "tracking/metric_series.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>

namespace quern::tracking {
namespace {

using store::Bytes;
using store::Database;
using store::Param;
using store::Row;

/// Rows of a series before they become a chunk: a chunk is worth its decoding, rows are few.
constexpr int64_t kChunkPoints = 1024;

Param OrNull(double value) { return std::isnan(value) ? Param() : Param(value); }

double NumberOrNan(const Row& row, int column) {
  return row.IsNull(column) ? std::nan("") : row.Number(column);
}

/// A series as its row says, while points are added to it.
struct Summary {
  int64_t num = 0;
  int64_t points = 0;
  int64_t sealed = 0;
  Point last;
  double least = std::nan("");
  double greatest = std::nan("");
  int64_t first_step = 0;
  int64_t top_step = 0;

  void Add(const Point& point) {
    if (points == 0) {
      last = point;
      first_step = top_step = point.step;
    } else if (Later(point, last)) {
      last = point;
    }
    ++points;
    first_step = std::min(first_step, point.step);
    top_step = std::max(top_step, point.step);
    if (std::isnan(point.value)) return;
    least = std::isnan(least) ? point.value : std::min(least, point.value);
    greatest = std::isnan(greatest) ? point.value : std::max(greatest, point.value);
  }

  /// The last value is the greatest by step, then time, then value; NaN is less than any.
  static bool Later(const Point& a, const Point& b) {
    if (a.step != b.step) return a.step > b.step;
    if (a.time_ms != b.time_ms) return a.time_ms > b.time_ms;
    return std::isnan(b.value) || a.value > b.value;
  }
};

Result<Summary> LoadOrCreate(Database& db, int64_t run, const std::string& key) {
  Summary summary;
  QUERN_TRY(
      db.Query("SELECT num, points, sealed, last_ms, last_step, last_value, least, greatest, "
               "first_step, top_step FROM metric_series WHERE run = ? AND key = ?",
               {run, key}, [&](const Row& row) {
                 summary.num = row.Int(0);
                 summary.points = row.Int(1);
                 summary.sealed = row.Int(2);
                 summary.last = {row.Int(3), row.Int(4), NumberOrNan(row, 5)};
                 summary.least = NumberOrNan(row, 6);
                 summary.greatest = NumberOrNan(row, 7);
                 summary.first_step = row.Int(8);
                 summary.top_step = row.Int(9);
               }));
  if (summary.num != 0) return summary;
  QUERN_TRY(
      db.Query("INSERT INTO metric_series(run, key, points, last_step, last_ms, first_step, "
               "top_step, sealed) VALUES (?, ?, 0, 0, 0, 0, 0, 0) RETURNING num",
               {run, key}, [&](const Row& row) { summary.num = row.Int(0); }));
  return summary;
}

Status Save(Database& db, const Summary& summary) {
  return db.Execute(
      "UPDATE metric_series SET points = ?, sealed = ?, last_ms = ?, last_step = ?, "
      "last_value = ?, least = ?, greatest = ?, first_step = ?, top_step = ? WHERE num = ?",
      {summary.points, summary.sealed, summary.last.time_ms, summary.last.step,
       OrNull(summary.last.value), OrNull(summary.least), OrNull(summary.greatest),
       summary.first_step, summary.top_step, summary.num});
}

/// Points that chunks hold already are taken out of `points`. Usually steps go up and no chunk
/// reaches where the new points are.
Status DropSealed(Database& db, int64_t series, std::vector<Point>& points) {
  const auto [first, last] = std::minmax_element(
      points.begin(), points.end(), [](const Point& a, const Point& b) { return a.step < b.step; });
  const auto [early, late] =
      std::minmax_element(points.begin(), points.end(),
                          [](const Point& a, const Point& b) { return a.time_ms < b.time_ms; });
  std::vector<std::string> chunks;
  QUERN_TRY(
      db.Query("SELECT data FROM metric_chunks WHERE series = ? AND first_step <= ? AND "
               "top_step >= ? AND first_ms <= ? AND last_ms >= ?",
               {series, last->step, first->step, late->time_ms, early->time_ms},
               [&](const Row& row) { chunks.push_back(row.Text(0)); }));
  for (const std::string& chunk : chunks) {
    QUERN_ASSIGN(const auto sealed, DecodeChunk(chunk));
    std::erase_if(points, [&](const Point& point) {
      return std::any_of(sealed.begin(), sealed.end(),
                         [&](const Point& other) { return Same(point, other); });
    });
  }
  return {};
}

Result<std::vector<Point>> ReadTail(Database& db, int64_t series) {
  std::vector<Point> points;
  QUERN_TRY(db.Query("SELECT time_ms, step, value, nan FROM metric_points WHERE series = ?",
                     {series}, [&](const Row& row) {
                       points.push_back({row.Int(0), row.Int(1),
                                         row.Int(3) != 0 ? std::nan("") : row.Number(2)});
                     }));
  return points;
}

Status WriteChunk(Database& db, int64_t series, std::span<const Point> points) {
  const auto [first, last] = std::minmax_element(
      points.begin(), points.end(), [](const Point& a, const Point& b) { return a.step < b.step; });
  int64_t early = std::numeric_limits<int64_t>::max(), late = std::numeric_limits<int64_t>::min();
  for (const Point& point : points) {
    early = std::min(early, point.time_ms);
    late = std::max(late, point.time_ms);
  }
  return db.Execute(
      "INSERT INTO metric_chunks(series, position, points, first_step, top_step, first_ms, "
      "last_ms, data) SELECT ?, coalesce(max(position), -1) + 1, ?, ?, ?, ?, ?, ? "
      "FROM metric_chunks WHERE series = ?",
      {series, static_cast<int64_t>(points.size()), first->step, last->step, early, late,
       Bytes{EncodeChunk(points)}, series});
}

/// Many points at once, with the rows there are, straight into chunks.
Status AppendAsChunk(Database& db, Summary& summary, std::vector<Point> points) {
  QUERN_ASSIGN(std::vector<Point> all, ReadTail(db, summary.num));
  const size_t before = all.size();
  all.insert(all.end(), points.begin(), points.end());
  std::vector<size_t> order(all.size());
  for (size_t i = 0; i < order.size(); ++i) order[i] = i;
  // Stable: of equal points the one that is there already comes first and counts.
  std::stable_sort(order.begin(), order.end(),
                   [&](size_t a, size_t b) { return Before(all[a], all[b]); });
  std::vector<Point> merged;
  merged.reserve(all.size());
  for (const size_t i : order) {
    if (!merged.empty() && Same(merged.back(), all[i])) continue;
    merged.push_back(all[i]);
    if (i >= before) summary.Add(all[i]);
  }
  for (size_t at = 0; at < merged.size(); at += kChunkPoints) {
    const size_t count = std::min<size_t>(kChunkPoints, merged.size() - at);
    QUERN_TRY(WriteChunk(db, summary.num, std::span(merged).subspan(at, count)));
  }
  summary.sealed += static_cast<int64_t>(merged.size());
  return db.Execute("DELETE FROM metric_points WHERE series = ?", {summary.num});
}

Status AppendAsRows(Database& db, Summary& summary, const std::vector<Point>& points) {
  for (const Point& point : points) {
    const bool nan = std::isnan(point.value);
    bool added = false;
    QUERN_TRY(
        db.Query("INSERT INTO metric_points(series, time_ms, step, value, nan) "
                 "VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING RETURNING 1",
                 {summary.num, point.time_ms, point.step, nan ? 0.0 : point.value, int64_t{nan}},
                 [&](const Row&) { added = true; }));
    if (added) summary.Add(point);
  }
  return {};
}

Status AppendToSeries(Database& db, int64_t run, const std::string& key,
                      std::vector<Point> points) {
  for (Point& point : points) {
    constexpr double kMost = std::numeric_limits<double>::max();
    if (std::isinf(point.value)) point.value = point.value > 0 ? kMost : -kMost;
  }
  QUERN_ASSIGN(Summary summary, LoadOrCreate(db, run, key));
  if (summary.sealed > 0) QUERN_TRY(DropSealed(db, summary.num, points));
  if (points.empty()) return {};
  const int64_t rows = summary.points - summary.sealed + static_cast<int64_t>(points.size());
  if (rows >= kChunkPoints) {
    QUERN_TRY(AppendAsChunk(db, summary, std::move(points)));
  } else {
    QUERN_TRY(AppendAsRows(db, summary, points));
  }
  return Save(db, summary);
}

/// Every chunk's bytes, in order.
Result<std::vector<std::string>> ReadChunks(Database& db, const Series& series, int64_t first_step,
                                            int64_t last_step) {
  std::vector<std::string> chunks;
  if (series.sealed == 0) return chunks;
  QUERN_TRY(db.Query(
      "SELECT data FROM metric_chunks WHERE series = ? AND first_step <= ? AND "
      "top_step >= ? ORDER BY position",
      {series.num, last_step, first_step}, [&](const Row& row) { chunks.push_back(row.Text(0)); }));
  return chunks;
}

/// Rows are read before chunks: what became a chunk in between is there twice, and never missing.
void DropRepeats(std::vector<Point>& points) {
  points.erase(std::unique(points.begin(), points.end(), Same), points.end());
}

constexpr int64_t kFirst = std::numeric_limits<int64_t>::min();
constexpr int64_t kLast = std::numeric_limits<int64_t>::max();

}  // namespace

Status AppendPoints(Database& db, int64_t run,
                    const std::map<std::string, std::vector<Point>>& points_by_key) {
  for (const auto& [key, points] : points_by_key) {
    QUERN_TRY(AppendToSeries(db, run, key, points));
  }
  return {};
}

Result<std::optional<Series>> FindSeries(Database& db, int64_t run, const std::string& key) {
  std::optional<Series> series;
  QUERN_TRY(db.Query("SELECT num, points, sealed FROM metric_series WHERE run = ? AND key = ?",
                     {run, key},
                     [&](const Row& row) { series = Series{row.Int(0), row.Int(1), row.Int(2)}; }));
  return series;
}

Result<std::vector<Point>> ReadPoints(Database& db, const Series& series) {
  QUERN_ASSIGN(std::vector<Point> points, ReadTail(db, series.num));
  QUERN_ASSIGN(const auto chunks, ReadChunks(db, series, kFirst, kLast));
  for (const std::string& chunk : chunks) {
    QUERN_ASSIGN(const auto more, DecodeChunk(chunk));
    points.insert(points.end(), more.begin(), more.end());
  }
  std::sort(points.begin(), points.end(), Before);
  DropRepeats(points);
  return points;
}

Result<std::vector<Point>> ReadPointsAt(Database& db, const Series& series,
                                        std::span<const int64_t> steps) {
  std::vector<Point> points;
  if (steps.empty()) return points;
  QUERN_ASSIGN(std::vector<Point> some, ReadTail(db, series.num));
  QUERN_ASSIGN(const auto chunks, ReadChunks(db, series, steps.front(), steps.back()));
  const auto keep = [&](const std::vector<Point>& from) {
    for (const Point& point : from) {
      if (std::binary_search(steps.begin(), steps.end(), point.step)) points.push_back(point);
    }
  };
  keep(some);
  for (const std::string& chunk : chunks) {
    QUERN_ASSIGN(const auto more, DecodeChunk(chunk));
    keep(more);
  }
  std::sort(points.begin(), points.end(), [](const Point& a, const Point& b) {
    return a.step != b.step ? a.step < b.step : Before(a, b);
  });
  DropRepeats(points);
  return points;
}

Result<std::vector<int64_t>> ReadSteps(Database& db, const Series& series) {
  std::vector<int64_t> steps;
  QUERN_TRY(db.Query("SELECT DISTINCT step FROM metric_points WHERE series = ?", {series.num},
                     [&](const Row& row) { steps.push_back(row.Int(0)); }));
  QUERN_ASSIGN(const auto chunks, ReadChunks(db, series, kFirst, kLast));
  for (const std::string& chunk : chunks) {
    QUERN_ASSIGN(const auto more, DecodeSteps(chunk));
    steps.insert(steps.end(), more.begin(), more.end());
  }
  std::sort(steps.begin(), steps.end());
  steps.erase(std::unique(steps.begin(), steps.end()), steps.end());
  return steps;
}

}  // namespace quern::tracking
