// What is added to series: a summary, rows or chunks.
#include <algorithm>
#include <cmath>
#include <limits>

#include "tracking/metric_series.h"
#include "tracking/rows.h"
#include "tracking/series_rows.h"

namespace quern::tracking {
namespace {

using store::Database;
using store::Param;
using store::Row;

/// So many points of a series that come together are a chunk at once: one statement instead of so
/// many. Small chunks are merged when there are kChunkPoints in them.
constexpr size_t kLeastChunk = 16;
/// A merge looks no further back, behind what came last: there are no more small ones between two
/// merges.
constexpr int64_t kMostSmall = kChunkPoints / static_cast<int64_t>(kLeastChunk) + 1;

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
       NullIfNan(summary.last.value), NullIfNan(summary.least), NullIfNan(summary.greatest),
       summary.first_step, summary.top_step, summary.num});
}

/// In the order of a history, each once.
void DropRepeats(std::vector<Point>& points) {
  if (!std::is_sorted(points.begin(), points.end(), Before)) {
    std::sort(points.begin(), points.end(), Before);
  }
  points.erase(std::unique(points.begin(), points.end(), Same), points.end());
}

/// Points that chunks hold already are taken out of `points`. Usually steps go up and no chunk
/// reaches where the new points are.
Status DropSealed(Database& db, const Summary& summary, std::vector<Point>& points) {
  if (summary.sealed == 0) return {};
  const PointRange range = RangeOf(points);
  if (range.first_step > summary.top_step) return {};
  QUERN_ASSIGN(const auto heads, ReadHeadsIn(db, summary.num, range));
  for (const ChunkHead& head : heads) {
    QUERN_ASSIGN(const std::string chunk, ReadChunk(db, summary.num, head.position));
    // In the order of a history.
    QUERN_ASSIGN(const auto sealed, DecodeChunk(chunk));
    std::erase_if(points, [&](const Point& point) {
      return std::binary_search(sealed.begin(), sealed.end(), point, Before);
    });
    if (points.empty()) return {};
  }
  return {};
}

/// The points that are not among the rows there are, and those rows, in the order of a history.
std::vector<Point> MergeInto(Summary& summary, const std::vector<Point>& young,
                             const std::vector<Point>& points) {
  struct Entry {
    Point point;
    bool is_new;
  };
  std::vector<Entry> all;
  all.reserve(young.size() + points.size());
  for (const Point& point : young) all.push_back({point, false});
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
  return merged;
}

/// The small chunks at the end become one: reading must not open a chunk for every few points.
/// `newest` points came last.
Status MergeSmall(Database& db, int64_t series, int64_t newest) {
  QUERN_ASSIGN(auto heads, ReadLastHeads(db, series, kMostSmall + newest / kChunkPoints));
  std::erase_if(heads, [](const ChunkHead& head) { return head.points >= kChunkPoints / 2; });
  if (heads.size() < 2) return {};
  std::vector<Point> points;
  for (const ChunkHead& head : heads) {
    QUERN_ASSIGN(const std::string chunk, ReadChunk(db, series, head.position));
    QUERN_ASSIGN(const auto more, DecodeChunk(chunk));
    points.insert(points.end(), more.begin(), more.end());
  }
  std::sort(points.begin(), points.end(), Before);
  // Written before the others go: a position is given once.
  QUERN_TRY(WriteChunks(db, series, points));
  for (const ChunkHead& head : heads) QUERN_TRY(DropChunk(db, series, head.position));
  return {};
}

/// Many points at once, with the rows there are, straight into chunks.
Status AppendAsChunk(Database& db, Summary& summary, const std::vector<Point>& points) {
  std::vector<Point> young;
  if (summary.points > summary.sealed) {
    QUERN_ASSIGN(young, ReadYoung(db, summary.num));
    QUERN_TRY(db.Execute("DELETE FROM metric_points WHERE series = ?", {summary.num}));
  }
  const std::vector<Point> merged = MergeInto(summary, young, points);
  QUERN_TRY(WriteChunks(db, summary.num, merged));
  const int64_t filled = summary.sealed / kChunkPoints;
  const auto newest = static_cast<int64_t>(merged.size());
  summary.sealed += newest;
  return summary.sealed / kChunkPoints == filled ? Status() : MergeSmall(db, summary.num, newest);
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
  if (points.empty()) return 0;
  DropRepeats(points);
  QUERN_ASSIGN(Summary summary, LoadOrCreate(db, run, key));
  QUERN_TRY(DropSealed(db, summary, points));
  if (points.empty()) return 0;
  const int64_t before = summary.points;
  const int64_t rows = summary.points - summary.sealed + static_cast<int64_t>(points.size());
  if (points.size() >= kLeastChunk || rows >= kChunkPoints) {
    QUERN_TRY(AppendAsChunk(db, summary, points));
  } else {
    QUERN_TRY(AppendAsRows(db, summary, points));
  }
  QUERN_TRY(Save(db, summary));
  return summary.points - before;
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
       NullIfNan(summary.last.value), NullIfNan(summary.least), NullIfNan(summary.greatest),
       summary.first_step, summary.top_step},
      [&](const Row& row) { summary.num = row.Int(0); }));
  if (chunks) return WriteChunks(db, summary.num, points);
  Summary counted;
  counted.num = summary.num;
  return AppendAsRows(db, counted, points);
}

}  // namespace quern::tracking
