#include "tracking/bulk_log.h"

#include <utility>

#include "tracking/metric_series.h"
#include "tracking/names.h"

namespace quern::tracking {
namespace {

/// One transaction. A chunk of a usual series takes 1,024 points: with twenty metrics side by side
/// so many make three of each; a commit's fsync is spread over them all.
constexpr int64_t kMostPoints = 1 << 16;
constexpr size_t kMostSeries = 1 << 14;
constexpr size_t kMostTextBytes = 8U << 20;
/// So many may change what the database should know of its tables.
constexpr int64_t kManyRecords = 100'000;

}  // namespace

void BulkReport::Refuse(int64_t record, std::string message, int64_t count) {
  constexpr size_t kMostShown = 100;
  refused += count;
  if (refusals.size() < kMostShown) refusals.push_back({record, std::move(message)});
}

void BulkReport::Add(BulkReport&& more) {
  metrics += more.metrics;
  repeated += more.repeated;
  params += more.params;
  tags += more.tags;
  for (Refusal& one : more.refusals) Refuse(one.record, std::move(one.message), 0);
  refused += more.refused;
}

RunRecords& BulkLog::Of(int64_t record, std::string_view run_id) {
  auto found = waiting_.find(run_id);
  if (found == waiting_.end()) {
    found = waiting_.emplace(run_id, RunRecords()).first;
    found->second.first_record = record;
  }
  return found->second;
}

/// Null after the key has been refused.
std::vector<Point>* BulkLog::Series(int64_t record, std::string_view run_id, std::string_view key) {
  name_.assign(run_id).append(1, '\0').append(key);
  if (const auto found = series_.find(name_); found != series_.end()) return found->second;
  if (const Status named = CheckKey(key, "key", "Metric name"); !named) {
    Refuse(record, named.error().message);
    return nullptr;
  }
  std::vector<Point>* points = &Of(record, run_id).points[std::string(key)];
  series_.emplace(name_, points);
  return points;
}

Status BulkLog::Metric(int64_t record, std::string_view run_id, std::string_view key,
                       const Point& point) {
  if (point.time_ms < 0) {
    Refuse(record, CheckTimestamp(key, point.value, point.time_ms, "timestamp").error().message);
    return {};
  }
  std::vector<Point>* points = Series(record, run_id, key);
  if (points == nullptr) return {};
  points->push_back({point.time_ms, point.step, Bounded(point.value)});
  if (++points_ < kMostPoints && series_.size() < kMostSeries) return {};
  return Write();
}

Status BulkLog::Text(int64_t record, std::string_view run_id, std::string_view key,
                     std::string_view value, std::vector<TextRecord> RunRecords::* list) {
  (Of(record, run_id).*list).push_back({record, std::string(key), std::string(value)});
  text_bytes_ += key.size() + value.size() + sizeof(TextRecord);
  return text_bytes_ < kMostTextBytes ? Status() : Write();
}

Status BulkLog::Param(int64_t record, std::string_view run_id, std::string_view key,
                      std::string_view value) {
  const Status named = CheckKey(key, "param", "Param key");
  if (named) return Text(record, run_id, key, value, &RunRecords::params);
  Refuse(record, named.error().message);
  return {};
}

Status BulkLog::Tag(int64_t record, std::string_view run_id, std::string_view key,
                    std::string_view value) {
  const Status named = CheckKey(key, "tag");
  if (named) return Text(record, run_id, key, value, &RunRecords::tags);
  Refuse(record, named.error().message);
  return {};
}

void BulkLog::Refuse(int64_t record, std::string message) {
  report_.Refuse(record, std::move(message), 1);
}

Status BulkLog::Flush() {
  QUERN_TRY(Write());
  QUERN_TRY(Await());
  const int64_t written = report_.metrics + report_.params + report_.tags;
  if (written >= kManyRecords) runs_.RefreshStatistics();
  return {};
}

Status BulkLog::Write() {
  QUERN_TRY(Await());
  if (waiting_.empty()) return {};
  writing_ = std::async(std::launch::async,
                        [this, records = std::exchange(waiting_, {})]() -> Result<BulkReport> {
                          BulkReport done;
                          QUERN_TRY(runs_.LogMany(records, done));
                          return done;
                        });
  series_.clear();
  points_ = 0;
  text_bytes_ = 0;
  return {};
}

Status BulkLog::Await() {
  if (!writing_.valid()) return {};
  QUERN_ASSIGN(BulkReport done, writing_.get());
  report_.Add(std::move(done));
  return {};
}

}  // namespace quern::tracking
