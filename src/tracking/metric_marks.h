#pragma once
// What a chart keeps of many points that share a column of the screen. Pure functions.
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "tracking/metric_chunk.h"

namespace quern::tracking {

/// What a chart runs along.
enum class Along { kStep, kTime };

/// Where a point stands on the axis.
inline int64_t PlaceOf(const Point& point, Along along) {
  return along == Along::kStep ? point.step : point.time_ms;
}
/// The order in which a line passes its points: by place, then as in a history (Before).
bool Earlier(const Point& a, const Point& b, Along along);

/// NaN, or an end of the doubles, as which an infinity is kept (Bounded in metric_series.h):
/// nothing that a line can go through.
bool IsOdd(double value);

/// First, least, greatest and last of a set of points, which are all that a line through them shows
/// in one column of pixels: M4 of U. Jugel, Z. Jerzak, G. Hackenbroich and V. Markl, "M4: A
/// Visualization-Oriented Time Series Data Aggregation", PVLDB 7(10), 2014. Points that are odd
/// count and nothing else. Sets can be added up in any order; of equal values the earlier is meant.
struct Marks {
  int64_t count = 0;  // odd ones too
  int64_t odd = 0;
  long double total = 0;  // of those that are not odd; as wide as any sum of doubles asks for
  Point first, least, greatest, last;  // if there is one that is not odd
  std::optional<Point> first_odd;

  bool any() const { return count > odd; }
  /// NaN if there is none.
  double mean() const;
  void Add(const Point& point, Along along);
  void Add(const Marks& more, Along along);

 private:
  void Widen(const Point& their_first, const Point& their_least, const Point& their_greatest,
             const Point& their_last, Along along);
};

/// How a chunk keeps them: the four points as a chunk of their own, or the first point if all are
/// odd. Nothing if the steps go back within `points`, which stand in the order of a history: then
/// its first by step is not its first by time.
struct KeptMarks {
  std::string points;
  int64_t odd = 0;
  double mean = 0;
};
/// `points` is not empty.
std::optional<KeptMarks> KeepMarks(std::span<const Point> points);
/// `count` points, of which `odd` are. kDataLoss for bytes that KeepMarks did not write. The
/// first odd point is known of a chunk that has no other.
Result<Marks> ReadMarks(std::string_view bytes, int64_t count, int64_t odd, double mean);

}  // namespace quern::tracking
