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
/// A series that comes as a whole is written as a chunk from so many points on: one statement
/// instead of so many.
constexpr size_t kLeastChunk = 16;

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

/// What is known of a chunk that is not opened: index metric_chunks_by_step.
struct ChunkHead {
  int64_t position = 0;
  int64_t first_step = 0;
  int64_t top_step = 0;
  int64_t points = 0;
  /// 0: not known.
  int64_t stride = 0;
};

/// In order; `condition` is on first_step, top_step, first_ms and last_ms.
Result<std::vector<ChunkHead>> ReadHeads(Database& db, int64_t series, const char* condition = "",
                                         std::vector<Param> params = {}) {
  std::vector<ChunkHead> heads;
  params.insert(params.begin(), series);
  QUERN_TRY(
      db.Query("SELECT position, first_step, top_step, points, stride FROM metric_chunks "
               "WHERE series = ?" +
                   std::string(condition) + " ORDER BY position",
               params, [&](const Row& row) {
                 heads.push_back({row.Int(0), row.Int(1), row.Int(2), row.Int(3), row.Int(4)});
               }));
  return heads;
}

Result<std::string> ReadChunk(Database& db, int64_t series, int64_t position) {
  std::optional<std::string> data;
  QUERN_TRY(db.Query("SELECT data FROM metric_chunks WHERE series = ? AND position = ?",
                     {series, position}, [&](const Row& row) { data = row.Text(0); }));
  if (data) return std::move(*data);
  return Fail(Code::kNotFound, "the run was removed while its metrics were read");
}

/// The amount by which each step is above the one before, or NULL.
Param StrideOf(std::span<const Point> points) {
  int64_t stride = 1;
  if (points.size() > 1 && __builtin_sub_overflow(points[1].step, points[0].step, &stride)) {
    return {};
  }
  if (stride < 1) return {};
  for (size_t i = 1; i < points.size(); ++i) {
    int64_t difference = 0;
    if (__builtin_sub_overflow(points[i].step, points[i - 1].step, &difference)) return {};
    if (difference != stride) return {};
  }
  return stride;
}

/// Points that chunks hold already are taken out of `points`. Usually steps go up and no chunk
/// reaches where the new points are.
Status DropSealed(Database& db, int64_t series, std::vector<Point>& points) {
  const auto [first, last] = std::minmax_element(
      points.begin(), points.end(), [](const Point& a, const Point& b) { return a.step < b.step; });
  const auto [early, late] =
      std::minmax_element(points.begin(), points.end(),
                          [](const Point& a, const Point& b) { return a.time_ms < b.time_ms; });
  QUERN_ASSIGN(const auto heads,
               ReadHeads(db, series,
                         " AND first_step <= ? AND top_step >= ? AND first_ms <= ? AND "
                         "last_ms >= ?",
                         {last->step, first->step, late->time_ms, early->time_ms}));
  for (const ChunkHead& head : heads) {
    QUERN_ASSIGN(const std::string chunk, ReadChunk(db, series, head.position));
    // In the order of a history.
    QUERN_ASSIGN(const auto sealed, DecodeChunk(chunk));
    std::erase_if(points, [&](const Point& point) {
      return std::binary_search(sealed.begin(), sealed.end(), point, Before);
    });
    if (points.empty()) return {};
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
      "last_ms, data, stride) SELECT ?, coalesce(max(position), -1) + 1, ?, ?, ?, ?, ?, ?, "
      "CAST(? AS BIGINT) FROM metric_chunks WHERE series = ?",
      {series, static_cast<int64_t>(points.size()), first->step, last->step, early, late,
       Bytes{EncodeChunk(points)}, StrideOf(points), series});
}

Status WriteChunks(Database& db, int64_t series, std::span<const Point> points) {
  for (size_t at = 0; at < points.size(); at += kChunkPoints) {
    const size_t count = std::min<size_t>(kChunkPoints, points.size() - at);
    QUERN_TRY(WriteChunk(db, series, points.subspan(at, count)));
  }
  return {};
}

/// Many points at once, with the rows there are, straight into chunks.
Status AppendAsChunk(Database& db, Summary& summary, const std::vector<Point>& points) {
  struct Entry {
    Point point;
    bool is_new;
  };
  QUERN_ASSIGN(const std::vector<Point> tail, ReadTail(db, summary.num));
  std::vector<Entry> all;
  all.reserve(tail.size() + points.size());
  for (const Point& point : tail) all.push_back({point, false});
  for (const Point& point : points) all.push_back({point, true});
  const auto earlier = [](const Entry& a, const Entry& b) { return Before(a.point, b.point); };
  // Stable: of equal points the one that is there already comes first and counts.
  if (!std::is_sorted(all.begin(), all.end(), earlier)) {
    std::stable_sort(all.begin(), all.end(), earlier);
  }
  std::vector<Point> merged;
  merged.reserve(all.size());
  for (const Entry& entry : all) {
    if (!merged.empty() && Same(merged.back(), entry.point)) continue;
    merged.push_back(entry.point);
    if (entry.is_new) summary.Add(entry.point);
  }
  QUERN_TRY(WriteChunks(db, summary.num, merged));
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

Result<int64_t> AppendToSeries(Database& db, int64_t run, const std::string& key,
                               std::vector<Point> points) {
  QUERN_ASSIGN(Summary summary, LoadOrCreate(db, run, key));
  if (summary.sealed > 0) QUERN_TRY(DropSealed(db, summary.num, points));
  if (points.empty()) return 0;
  const int64_t before = summary.points;
  const int64_t rows = summary.points - summary.sealed + static_cast<int64_t>(points.size());
  if (rows >= kChunkPoints) {
    QUERN_TRY(AppendAsChunk(db, summary, points));
  } else {
    QUERN_TRY(AppendAsRows(db, summary, points));
  }
  QUERN_TRY(Save(db, summary));
  return summary.points - before;
}

/// Every chunk's bytes, in order.
Result<std::vector<std::string>> ReadChunks(Database& db, const Series& series) {
  std::vector<std::string> chunks;
  if (series.sealed == 0) return chunks;
  QUERN_TRY(db.Query("SELECT data FROM metric_chunks WHERE series = ? ORDER BY position",
                     {series.num}, [&](const Row& row) { chunks.push_back(row.Text(0)); }));
  return chunks;
}

Result<std::vector<ChunkHead>> HeadsOf(Database& db, const Series& series) {
  if (series.sealed == 0) return std::vector<ChunkHead>();
  return ReadHeads(db, series.num);
}

/// Rows are read before chunks: what became a chunk in between is there twice, and never missing.
void DropRepeats(std::vector<Point>& points) {
  points.erase(std::unique(points.begin(), points.end(), Same), points.end());
}

}  // namespace

double Bounded(double value) {
  return std::isinf(value) ? std::copysign(std::numeric_limits<double>::max(), value) : value;
}

Result<int64_t> AppendPoints(Database& db, int64_t run,
                             const std::map<std::string, std::vector<Point>>& points_by_key) {
  int64_t added = 0;
  for (const auto& [key, points] : points_by_key) {
    QUERN_ASSIGN(const int64_t of_key, AppendToSeries(db, run, key, points));
    added += of_key;
  }
  return added;
}

Status AddSeries(Database& db, int64_t run, const std::string& key, std::vector<Point> points) {
  if (points.empty()) return {};
  std::sort(points.begin(), points.end(), Before);
  DropRepeats(points);
  Summary summary;
  for (const Point& point : points) summary.Add(point);
  const bool chunks = points.size() >= kLeastChunk;
  if (chunks) summary.sealed = summary.points;
  QUERN_TRY(db.Query(
      "INSERT INTO metric_series(run, key, points, sealed, last_ms, last_step, last_value, "
      "least, greatest, first_step, top_step) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) "
      "RETURNING num",
      {run, key, summary.points, summary.sealed, summary.last.time_ms, summary.last.step,
       OrNull(summary.last.value), OrNull(summary.least), OrNull(summary.greatest),
       summary.first_step, summary.top_step},
      [&](const Row& row) { summary.num = row.Int(0); }));
  if (chunks) return WriteChunks(db, summary.num, points);
  for (const Point& point : points) {
    const bool nan = std::isnan(point.value);
    QUERN_TRY(db.Execute(
        "INSERT INTO metric_points(series, time_ms, step, value, nan) VALUES (?, ?, ?, ?, ?)",
        {summary.num, point.time_ms, point.step, nan ? 0.0 : point.value, int64_t{nan}}));
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
  QUERN_ASSIGN(const auto chunks, ReadChunks(db, series));
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
  QUERN_ASSIGN(const auto heads, HeadsOf(db, series));
  const auto keep = [&](const std::vector<Point>& from) {
    for (const Point& point : from) {
      if (std::binary_search(steps.begin(), steps.end(), point.step)) points.push_back(point);
    }
  };
  keep(some);
  for (const ChunkHead& head : heads) {
    const auto from = std::lower_bound(steps.begin(), steps.end(), head.first_step);
    const auto to = std::upper_bound(from, steps.end(), head.top_step);
    // Of even steps it is known which of them are there, and where.
    std::vector<size_t> places;
    for (auto step = from; head.stride > 0 && step != to; ++step) {
      // As far apart as any two: their difference may not be an int64_t.
      const uint64_t above = static_cast<uint64_t>(*step) - static_cast<uint64_t>(head.first_step);
      const auto stride = static_cast<uint64_t>(head.stride);
      if (above % stride == 0) places.push_back(above / stride);
    }
    if (head.stride > 0 ? places.empty() : from == to) continue;
    QUERN_ASSIGN(const std::string chunk, ReadChunk(db, series.num, head.position));
    QUERN_ASSIGN(const auto more, DecodeChunk(chunk));
    if (head.stride == 0) keep(more);
    for (const size_t place : places) {
      if (place < more.size()) points.push_back(more[place]);
    }
  }
  std::sort(points.begin(), points.end(), [](const Point& a, const Point& b) {
    return a.step != b.step ? a.step < b.step : Before(a, b);
  });
  DropRepeats(points);
  return points;
}

Result<std::vector<int64_t>> ReadSteps(Database& db, const Series& series) {
  std::vector<int64_t> young;
  QUERN_TRY(db.Query("SELECT DISTINCT step FROM metric_points WHERE series = ?", {series.num},
                     [&](const Row& row) { young.push_back(row.Int(0)); }));
  QUERN_ASSIGN(const auto heads, HeadsOf(db, series));
  std::vector<int64_t> steps;
  steps.reserve(static_cast<size_t>(series.sealed) + young.size());
  for (const ChunkHead& head : heads) {
    if (head.stride > 0) {
      const size_t before = steps.size();
      steps.resize(before + static_cast<size_t>(head.points));
      // Unsigned: what would follow the last may be beyond the range.
      auto step = static_cast<uint64_t>(head.first_step);
      for (auto at = steps.begin() + static_cast<std::ptrdiff_t>(before); at != steps.end(); ++at) {
        *at = static_cast<int64_t>(step);
        step += static_cast<uint64_t>(head.stride);
      }
      continue;
    }
    QUERN_ASSIGN(const std::string chunk, ReadChunk(db, series.num, head.position));
    QUERN_ASSIGN(const auto more, DecodeSteps(chunk));
    steps.insert(steps.end(), more.begin(), more.end());
  }
  // The rows are the youngest points: usually they go behind all chunks.
  std::sort(young.begin(), young.end());
  steps.insert(steps.end(), young.begin(), young.end());
  const auto not_above = [](int64_t a, int64_t b) { return a >= b; };
  if (std::adjacent_find(steps.begin(), steps.end(), not_above) == steps.end()) return steps;
  std::sort(steps.begin(), steps.end());
  steps.erase(std::unique(steps.begin(), steps.end()), steps.end());
  return steps;
}

}  // namespace quern::tracking
