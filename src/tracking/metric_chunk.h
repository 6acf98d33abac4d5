#pragma once
// A run of one series' points in columns: docs/format/metric_chunk.md. Pure functions.
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace quern::tracking {

/// One point without its key. NaN is a value.
struct Point {
  int64_t time_ms = 0;
  int64_t step = 0;
  double value = 0;
};

/// MLflow's order of a history: time, step, value; NaN before other values.
bool Before(const Point& a, const Point& b);
/// The same time, step and value (NaN equals NaN): the same point.
bool Same(const Point& a, const Point& b);

/// Any order of points is kept. At most 2^32 points.
std::string EncodeChunk(std::span<const Point> points);
/// kDataLoss for bytes that EncodeChunk did not write.
Result<std::vector<Point>> DecodeChunk(std::string_view bytes);
/// The steps alone: a fraction of the work.
Result<std::vector<int64_t>> DecodeSteps(std::string_view bytes);

}  // namespace quern::tracking
