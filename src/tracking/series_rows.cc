#include "tracking/series_rows.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <utility>

namespace quern::tracking {
namespace {

using store::Bytes;
using store::Database;
using store::Param;
using store::Row;

ChunkHead HeadOf(const Row& row, int at = 0) {
  return {row.Int(at),     row.Int(at + 1), row.Int(at + 2), row.Int(at + 3),
          row.Int(at + 4), row.Int(at + 5), row.Int(at + 6)};
}

Result<std::vector<ChunkHead>> ReadHeads(Database& db, std::string_view sql,
                                         const std::vector<Param>& params) {
  std::vector<ChunkHead> heads;
  QUERN_TRY(db.Query(sql, params, [&](const Row& row) { heads.push_back(HeadOf(row)); }));
  return heads;
}

/// NaN is kept as a mark beside a value of 0.
double ValueOf(const Row& row, int value, int nan) {
  return row.Int(nan) != 0 ? std::nan("") : row.Number(value);
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

Status WriteChunk(Database& db, int64_t series, std::span<const Point> points) {
  const PointRange range = RangeOf(points);
  std::optional<KeptMarks> marks = KeepMarks(points);
  return db.Execute(
      "INSERT INTO metric_chunks(series, position, points, first_step, top_step, first_ms, "
      "last_ms, data, stride, marks, odd, mean) VALUES (?, (SELECT coalesce(max(position), -1) + 1 "
      "FROM metric_chunks WHERE series = ?), ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
      {series, series, static_cast<int64_t>(points.size()), range.first_step, range.top_step,
       range.first_ms, range.last_ms, Bytes{EncodeChunk(points)}, StrideOf(points),
       marks ? Param(Bytes{std::move(marks->points)}) : Param(),
       marks ? Param(marks->odd) : Param(), marks ? Param(marks->mean) : Param()});
}

}  // namespace

Result<Outline> ReadOutline(Database& db, int64_t series) {
  Outline outline;
  QUERN_TRY(
      db.Query("SELECT 0, time_ms, step, nan, 0, 0, 0, 0, value FROM metric_points "
               "WHERE series = ? UNION ALL SELECT 1, position, points, first_step, top_step, "
               "stride, first_ms, last_ms, 0.0 FROM metric_chunks WHERE series = ?",
               {series, series}, [&](const Row& row) {
                 if (row.Int(0) == 1) {
                   outline.chunks.push_back(HeadOf(row, 1));
                   return;
                 }
                 outline.young.push_back({row.Int(1), row.Int(2), ValueOf(row, 8, 3)});
               }));
  std::sort(outline.chunks.begin(), outline.chunks.end(),
            [](const ChunkHead& a, const ChunkHead& b) { return a.position < b.position; });
  return outline;
}

Result<std::map<int64_t, Marks>> ReadAllMarks(Database& db, int64_t series) {
  std::map<int64_t, Marks> all;
  Status status;
  QUERN_TRY(
      db.Query("SELECT position, points, odd, mean, marks FROM metric_chunks WHERE series = ? "
               "AND marks IS NOT NULL ORDER BY position",
               {series}, [&](const Row& row) {
                 auto marks = ReadMarks(row.Text(4), row.Int(1), row.Int(2), row.Number(3));
                 if (!marks) {
                   status = std::unexpected(marks.error());
                   return;
                 }
                 all.emplace_hint(all.end(), row.Int(0), *marks);
               }));
  QUERN_TRY(status);
  return all;
}

Result<std::optional<PointRange>> ReadRange(Database& db, int64_t series) {
  std::optional<PointRange> range;
  // Kept as a union, so that each half is answered from an index.
  QUERN_TRY(db.Query(
      "SELECT min(a), max(b), min(c), max(d) FROM (SELECT min(first_step) AS a, max(top_step) AS "
      "b, "
      "min(first_ms) AS c, max(last_ms) AS d FROM metric_chunks WHERE series = ? UNION ALL "
      "SELECT min(step), max(step), min(time_ms), max(time_ms) FROM metric_points "
      "WHERE series = ?) AS ends",
      {series, series}, [&](const Row& row) {
        if (!row.IsNull(0)) range = PointRange{row.Int(0), row.Int(1), row.Int(2), row.Int(3)};
      }));
  return range;
}

PointRange RangeOf(std::span<const Point> points) {
  PointRange range{points[0].step, points[0].step, points[0].time_ms, points[0].time_ms};
  for (const Point& point : points) {
    range.first_step = std::min(range.first_step, point.step);
    range.top_step = std::max(range.top_step, point.step);
    range.first_ms = std::min(range.first_ms, point.time_ms);
    range.last_ms = std::max(range.last_ms, point.time_ms);
  }
  return range;
}

Result<std::vector<ChunkHead>> ReadHeadsIn(Database& db, int64_t series, const PointRange& range) {
  return ReadHeads(db,
                   "SELECT position, points, first_step, top_step, stride, first_ms, last_ms "
                   "FROM metric_chunks WHERE series = ? AND first_step <= ? AND top_step >= ? "
                   "AND first_ms <= ? AND last_ms >= ? ORDER BY position",
                   {series, range.top_step, range.first_step, range.last_ms, range.first_ms});
}

Result<std::vector<ChunkHead>> ReadLastHeads(Database& db, int64_t series, int64_t most) {
  return ReadHeads(db,
                   "SELECT position, points, first_step, top_step, stride, first_ms, last_ms "
                   "FROM metric_chunks WHERE series = ? ORDER BY position DESC LIMIT ?",
                   {series, most});
}

Result<std::vector<Point>> ReadYoung(Database& db, int64_t series) {
  std::vector<Point> points;
  QUERN_TRY(db.Query(
      "SELECT time_ms, step, nan, value FROM metric_points WHERE series = ?", {series},
      [&](const Row& row) { points.push_back({row.Int(0), row.Int(1), ValueOf(row, 3, 2)}); }));
  return points;
}

Result<std::string> ReadChunk(Database& db, int64_t series, int64_t position) {
  std::optional<std::string> data;
  QUERN_TRY(db.Query("SELECT data FROM metric_chunks WHERE series = ? AND position = ?",
                     {series, position}, [&](const Row& row) { data = row.Text(0); }));
  if (data) return std::move(*data);
  return Fail(Code::kAborted, "the metrics were changed while they were read", "ask again");
}

Status WriteChunks(Database& db, int64_t series, std::span<const Point> points) {
  // Of even size: a small rest would be a chunk to merge.
  const size_t chunks = std::max<size_t>(1, points.size() / kChunkPoints);
  for (size_t i = 0; i < chunks; ++i) {
    const size_t first = points.size() * i / chunks, end = points.size() * (i + 1) / chunks;
    QUERN_TRY(WriteChunk(db, series, points.subspan(first, end - first)));
  }
  return {};
}

Status DropChunk(Database& db, int64_t series, int64_t position) {
  return db.Execute("DELETE FROM metric_chunks WHERE series = ? AND position = ?",
                    {series, position});
}

}  // namespace quern::tracking
