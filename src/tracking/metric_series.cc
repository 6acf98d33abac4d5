#include "tracking/metric_series.h"

#include <algorithm>
#include <cstddef>
#include <limits>
#include <optional>

#include "tracking/series_rows.h"

namespace quern::tracking {
namespace {

using store::Database;
using store::Row;

Result<std::vector<Point>> ReadAll(Database& db, int64_t series, const ChunkHead& head) {
  QUERN_ASSIGN(const std::string chunk, ReadChunk(db, series, head.position));
  return DecodeChunk(chunk);
}

/// Chunks, and perhaps the young points, whose times overlap: no other point of the series lies
/// between theirs.
struct Stretch {
  int64_t last_ms = 0;
  size_t points = 0;
  std::vector<const ChunkHead*> chunks;
  bool young = false;
};

/// In the order of time.
std::vector<Stretch> StretchesOf(const Outline& outline) {
  struct Piece {
    int64_t first_ms, last_ms;
    size_t points;
    const ChunkHead* chunk;  // null: the young points
  };
  std::vector<Piece> pieces;
  for (const ChunkHead& head : outline.chunks) {
    pieces.push_back({head.first_ms, head.last_ms, static_cast<size_t>(head.points), &head});
  }
  if (!outline.young.empty()) {
    const PointRange range = RangeOf(outline.young);
    pieces.push_back({range.first_ms, range.last_ms, outline.young.size(), nullptr});
  }
  std::stable_sort(pieces.begin(), pieces.end(),
                   [](const Piece& a, const Piece& b) { return a.first_ms < b.first_ms; });
  std::vector<Stretch> stretches;
  for (const Piece& piece : pieces) {
    if (stretches.empty() || piece.first_ms > stretches.back().last_ms) {
      stretches.push_back({piece.last_ms, 0, {}, false});
    }
    Stretch& stretch = stretches.back();
    stretch.last_ms = std::max(stretch.last_ms, piece.last_ms);
    stretch.points += piece.points;
    if (piece.chunk != nullptr) {
      stretch.chunks.push_back(piece.chunk);
    } else {
      stretch.young = true;
    }
  }
  return stretches;
}

/// The points of a stretch, in order.
Result<std::vector<Point>> PointsOf(Database& db, int64_t series, const Outline& outline,
                                    const Stretch& stretch) {
  std::vector<Point> points;
  if (stretch.young) points = outline.young;
  for (const ChunkHead* head : stretch.chunks) {
    QUERN_ASSIGN(auto more, ReadAll(db, series, *head));
    if (points.empty()) {
      points = std::move(more);
    } else {
      points.insert(points.end(), more.begin(), more.end());
    }
  }
  if (points.size() != stretch.points) {
    return Fail(Code::kDataLoss, "a chunk of metric values has another number of points than noted",
                "restore a backup of the database");
  }
  if (!std::is_sorted(points.begin(), points.end(), Before)) {
    std::sort(points.begin(), points.end(), Before);
  }
  return points;
}

Result<SeriesPart> ReadPartOnce(Database& db, int64_t series, size_t first, size_t most) {
  QUERN_ASSIGN(const Outline outline, ReadOutline(db, series));
  SeriesPart part;
  size_t before = 0;
  for (const Stretch& stretch : StretchesOf(outline)) {
    const size_t skipped = first > before ? first - before : 0;
    before += stretch.points;
    if (skipped >= stretch.points) continue;
    const size_t room = most - part.points.size();
    part.more = room < stretch.points - skipped;
    if (room == 0) break;
    QUERN_ASSIGN(const std::vector<Point> points, PointsOf(db, series, outline, stretch));
    const auto begin = points.begin() + static_cast<std::ptrdiff_t>(skipped);
    part.points.insert(
        part.points.end(), begin,
        begin + static_cast<std::ptrdiff_t>(std::min(room, points.size() - skipped)));
    if (part.more) break;
  }
  return part;
}

/// Which of `steps` (ascending) a chunk of even steps has, as places in it.
std::vector<size_t> PlacesOf(const ChunkHead& head, std::span<const int64_t> steps) {
  std::vector<size_t> places;
  for (const int64_t step : steps) {
    // As far apart as any two: their difference may not be an int64_t.
    const uint64_t above = static_cast<uint64_t>(step) - static_cast<uint64_t>(head.first_step);
    const auto stride = static_cast<uint64_t>(head.stride);
    if (above % stride == 0) places.push_back(above / stride);
  }
  return places;
}

Result<std::vector<Point>> ReadPointsAtOnce(Database& db, int64_t series,
                                            std::span<const int64_t> steps) {
  QUERN_ASSIGN(const Outline outline, ReadOutline(db, series));
  std::vector<Point> points;
  const auto keep = [&](const std::vector<Point>& from) {
    for (const Point& point : from) {
      if (std::binary_search(steps.begin(), steps.end(), point.step)) points.push_back(point);
    }
  };
  keep(outline.young);
  for (const ChunkHead& head : outline.chunks) {
    const auto from = std::lower_bound(steps.begin(), steps.end(), head.first_step);
    const auto to = std::upper_bound(from, steps.end(), head.top_step);
    if (from == to) continue;
    if (head.stride == 0) {
      QUERN_ASSIGN(const auto more, ReadAll(db, series, head));
      keep(more);
      continue;
    }
    const std::vector<size_t> places = PlacesOf(head, {from, to});
    if (places.empty()) continue;
    QUERN_ASSIGN(const auto more, ReadAll(db, series, head));
    for (const size_t place : places) {
      if (place < more.size()) points.push_back(more[place]);
    }
  }
  std::sort(points.begin(), points.end(), [](const Point& a, const Point& b) {
    return a.step != b.step ? a.step < b.step : Before(a, b);
  });
  return points;
}

void AddEvenSteps(const ChunkHead& head, std::vector<int64_t>& steps) {
  // Unsigned: what would follow the last may be beyond the range.
  auto step = static_cast<uint64_t>(head.first_step);
  for (int64_t i = 0; i < head.points; ++i) {
    steps.push_back(static_cast<int64_t>(step));
    step += static_cast<uint64_t>(head.stride);
  }
}

Result<std::vector<int64_t>> ReadStepsOnce(Database& db, int64_t series) {
  QUERN_ASSIGN(const Outline outline, ReadOutline(db, series));
  std::vector<int64_t> steps;
  size_t count = outline.young.size();
  for (const ChunkHead& head : outline.chunks) count += static_cast<size_t>(head.points);
  steps.reserve(count);
  for (const ChunkHead& head : outline.chunks) {
    if (head.stride > 0) {
      AddEvenSteps(head, steps);
      continue;
    }
    QUERN_ASSIGN(const std::string chunk, ReadChunk(db, series, head.position));
    QUERN_ASSIGN(const auto more, DecodeSteps(chunk));
    steps.insert(steps.end(), more.begin(), more.end());
  }
  // The rows are the youngest points: usually they go behind all chunks.
  for (const Point& point : outline.young) steps.push_back(point.step);
  const auto not_above = [](int64_t a, int64_t b) { return a >= b; };
  if (std::adjacent_find(steps.begin(), steps.end(), not_above) == steps.end()) return steps;
  std::sort(steps.begin(), steps.end());
  steps.erase(std::unique(steps.begin(), steps.end()), steps.end());
  return steps;
}

}  // namespace

Result<std::optional<int64_t>> FindSeries(Database& db, int64_t run, const std::string& key) {
  std::optional<int64_t> series;
  QUERN_TRY(db.Query("SELECT num FROM metric_series WHERE run = ? AND key = ?", {run, key},
                     [&](const Row& row) { series = row.Int(0); }));
  return series;
}

Result<SeriesPart> ReadPart(Database& db, int64_t series, size_t first, size_t most) {
  return Steadily<SeriesPart>([&] { return ReadPartOnce(db, series, first, most); });
}

Result<std::vector<Point>> ReadPoints(Database& db, int64_t series) {
  QUERN_ASSIGN(SeriesPart all, ReadPart(db, series, 0, std::numeric_limits<size_t>::max()));
  return std::move(all.points);
}

Result<std::vector<Point>> ReadPointsAt(Database& db, int64_t series,
                                        std::span<const int64_t> steps) {
  if (steps.empty()) return std::vector<Point>();
  return Steadily<std::vector<Point>>([&] { return ReadPointsAtOnce(db, series, steps); });
}

Result<std::vector<int64_t>> ReadSteps(Database& db, int64_t series) {
  return Steadily<std::vector<int64_t>>([&] { return ReadStepsOnce(db, series); });
}

}  // namespace quern::tracking
