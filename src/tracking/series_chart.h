#pragma once
// What a chart shows of one series, however long it is. Runs::ReadColumns is for callers.
#include <cstdint>
#include <optional>
#include <vector>

#include "base/result.h"
#include "store/database.h"
#include "tracking/metric_marks.h"

namespace quern::tracking {

/// A range of an axis, ends included, in columns of equal width.
struct Columns {
  Along along = Along::kStep;
  int64_t first = 0;
  int64_t last = 0;
  uint64_t width = 1;  // steps, or milliseconds

  /// At most `most` (at least 1) of them.
  static Columns Of(Along along, int64_t first, int64_t last, int64_t most);
  bool Has(int64_t place) const { return first <= place && place <= last; }
  /// Of a place that it has: from 0.
  int64_t At(int64_t place) const;
};

/// The marks of one column.
struct Column {
  int64_t number = 0;
  Marks marks;
};

struct SeriesChart {
  int64_t count = 0;  // points in the range
  int64_t odd = 0;    // of them
  /// All points of the range as they are, if they are no more than `most`, in the order of the
  /// axis.
  std::optional<std::vector<Point>> points;
  std::vector<Column> columns;  // those that have points
};

/// A chunk that lies in one column is not opened where its marks are kept (metric_marks.h): a chart
/// opens about as many chunks as it has columns.
Result<SeriesChart> ReadChart(store::Database& db, int64_t series, const Columns& columns,
                              size_t most);
/// The first and last place of a series; nothing if it has no points.
Result<std::optional<std::pair<int64_t, int64_t>>> ReadEnds(store::Database& db, int64_t series,
                                                            Along along);

}  // namespace quern::tracking
