#pragma once
// Inside of tracking/ only: the series of metrics in the database. Points that come one by one are
// rows, older ones and those that come in numbers chunks (metric_chunk.h); one summary row a series
// says what tables and searches ask.
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "store/database.h"
#include "tracking/metric_chunk.h"
#include "tracking/types.h"

namespace quern::tracking {

/// Adds points to the series of a run, inside of the caller's transaction. A point that is there
/// already is left out. Returns how many were new.
Result<int64_t> AppendPoints(store::Database& db, int64_t run,
                             const std::map<std::string, std::vector<Point>>& points_by_key);
/// What is logged beyond the range of finite doubles becomes its ends, as MLflow's servers keep it.
double Bounded(double value);

/// A whole series of a run that has no such metric yet, in any order. Inside of the caller's
/// transaction.
Status AddSeries(store::Database& db, int64_t run, const std::string& key,
                 std::vector<Point> points);

/// The number of a run's series. Nothing if the run has no such metric.
Result<std::optional<int64_t>> FindSeries(store::Database& db, int64_t run, const std::string& key);

/// Points of a series, by time, step and value: MLflow's order.
struct SeriesPart {
  std::vector<Point> points;
  bool more = false;  // behind them
};
/// Those from number `first` on, `most` at most. Opens the chunks that hold them, and those whose
/// times overlap theirs.
Result<SeriesPart> ReadPart(store::Database& db, int64_t series, size_t first, size_t most);
/// All of them.
Result<std::vector<Point>> ReadPoints(store::Database& db, int64_t series);
/// Those whose step is among `steps` (ascending), ordered by step, then time.
Result<std::vector<Point>> ReadPointsAt(store::Database& db, int64_t series,
                                        std::span<const int64_t> steps);
/// The steps of a series, ascending, each once.
Result<std::vector<int64_t>> ReadSteps(store::Database& db, int64_t series);

}  // namespace quern::tracking
