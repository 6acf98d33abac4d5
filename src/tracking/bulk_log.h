#pragma once
// Many points, parameters and tags of many runs at once, as a stream of records.
#include <cstdint>
#include <future>
#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/result.h"
#include "tracking/metric_chunk.h"
#include "tracking/runs.h"

namespace quern::tracking {

/// Takes records one by one and writes them in transactions of a bounded size, so that memory does
/// not grow with the stream. A record that is wrong is refused and told in the report; the others
/// are kept. The same stream again changes nothing: a point that is there is the same point, a
/// parameter of the same value too. Not thread-safe. Borrows the runs.
///
/// `record` is the number that the report tells of a record: a line, a row.
class BulkLog {
 public:
  explicit BulkLog(Runs& runs) : runs_(runs) {}

  /// The store's errors: what was not yet written is lost, what the report counts is kept.
  Status Metric(int64_t record, std::string_view run_id, std::string_view key, const Point& point);
  Status Param(int64_t record, std::string_view run_id, std::string_view key,
               std::string_view value);
  Status Tag(int64_t record, std::string_view run_id, std::string_view key, std::string_view value);
  void Refuse(int64_t record, std::string message);
  /// Writes what is still in memory; returns when all is written.
  Status Flush();

  /// After Flush: of what has been written.
  const BulkReport& report() const { return report_; }

 private:
  RunRecords& Of(int64_t record, std::string_view run_id);
  std::vector<Point>* Series(int64_t record, std::string_view run_id, std::string_view key);
  Status Text(int64_t record, std::string_view run_id, std::string_view key, std::string_view value,
              std::vector<TextRecord> RunRecords::* list);

  /// Begins to write what is in memory, when what was begun before is written.
  Status Write();
  Status Await();

  Runs& runs_;
  std::map<std::string, RunRecords, std::less<>> waiting_;
  /// Where the points of a run's key go: run, '\0', key.
  std::unordered_map<std::string, std::vector<Point>*> series_;
  std::string name_;  // of series_; kept for its memory
  int64_t points_ = 0;
  size_t text_bytes_ = 0;
  BulkReport report_;
  /// Last: it must end before what it reads.
  std::future<Result<BulkReport>> writing_;
};

}  // namespace quern::tracking
