#pragma once
// Inside of metric_series*.cc only: the rows that hold one series. Young points are rows of
// metric_points, others stand in chunks. A chunk never changes, and no position is given twice:
// when small ones are merged, theirs go and the merged one comes behind all others.
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "store/database.h"
#include "tracking/metric_chunk.h"
#include "tracking/metric_marks.h"

namespace quern::tracking {

/// What is known of a chunk that is not opened: index metric_chunks_by_step.
struct ChunkHead {
  int64_t position = 0;
  int64_t points = 0;
  int64_t first_step = 0;
  int64_t top_step = 0;
  /// The amount by which each step is above the one before; 0: not known.
  int64_t stride = 0;
  int64_t first_ms = 0;
  int64_t last_ms = 0;
};

/// A series at one moment: its young points, and the heads of its chunks by position.
struct Outline {
  std::vector<Point> young;
  std::vector<ChunkHead> chunks;
};
/// One statement: what becomes a chunk meanwhile is neither missing nor there twice.
Result<Outline> ReadOutline(store::Database& db, int64_t series);

/// The heads whose steps and times overlap these; ends included.
struct PointRange {
  int64_t first_step = 0;
  int64_t top_step = 0;
  int64_t first_ms = 0;
  int64_t last_ms = 0;
};
PointRange RangeOf(std::span<const Point> points);
/// Of a whole series; nothing if it has no points.
Result<std::optional<PointRange>> ReadRange(store::Database& db, int64_t series);
/// What is kept of chunks, by their position, where anything is.
Result<std::map<int64_t, Marks>> ReadAllMarks(store::Database& db, int64_t series);
Result<std::vector<ChunkHead>> ReadHeadsIn(store::Database& db, int64_t series,
                                           const PointRange& range);
/// The `most` youngest heads, youngest first.
Result<std::vector<ChunkHead>> ReadLastHeads(store::Database& db, int64_t series, int64_t most);

Result<std::vector<Point>> ReadYoung(store::Database& db, int64_t series);

/// A chunk's bytes. kAborted if it is gone: it was merged since its head was read, or its run was
/// removed.
Result<std::string> ReadChunk(store::Database& db, int64_t series, int64_t position);
/// Writes points in the order of a history, in chunks of about kChunkPoints, behind all others.
Status WriteChunks(store::Database& db, int64_t series, std::span<const Point> points);
Status DropChunk(store::Database& db, int64_t series, int64_t position);

/// Chunks are merged beside readers. What was read from a chunk that is gone is read again.
inline constexpr int kAttempts = 8;

template <class T>
Result<T> Steadily(const std::function<Result<T>()>& read) {
  Result<T> result = read();
  for (int attempt = 1; attempt < kAttempts; ++attempt) {
    if (result || result.error().code != Code::kAborted) break;
    result = read();
  }
  return result;
}

/// Points of a whole chunk: fewer are worth merging, more cost too much to open for one of them.
inline constexpr int64_t kChunkPoints = 1024;

}  // namespace quern::tracking
