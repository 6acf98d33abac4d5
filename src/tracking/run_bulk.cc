#include "base/text.h"
#include "store/statistics.h"
#include "tracking/metric_series.h"
#include "tracking/names.h"
#include "tracking/run_rows.h"
#include "tracking/runs.h"

namespace quern::tracking {
namespace {

int64_t CountOf(const RunRecords& records) {
  size_t count = records.params.size() + records.tags.size();
  for (const auto& [key, points] : records.points) count += points.size();
  return static_cast<int64_t>(count);
}

/// Whether the records are to blame, not the store.
bool IsRefusal(const Error& error) {
  return error.code == Code::kNotFound || error.code == Code::kInvalidArgument;
}

}  // namespace

Status Runs::LogMany(const std::map<std::string, RunRecords, std::less<>>& runs,
                     BulkReport& report) {
  BulkReport done;
  QUERN_TRY(db_.Write([&]() -> Status {
    for (const auto& [id, records] : runs) {
      const auto run = Active(id);
      if (run) {
        QUERN_TRY(LogRecords(*run, records, done));
      } else if (IsRefusal(run.error())) {
        done.Refuse(records.first_record, run.error().message, CountOf(records));
      } else {
        return std::unexpected(run.error());
      }
    }
    return {};
  }));
  report.Add(std::move(done));
  return {};
}

void Runs::RefreshStatistics() { store::RefreshStatistics(db_); }

Status Runs::LogRecords(const RunInfo& run, const RunRecords& records, BulkReport& done) {
  QUERN_ASSIGN(const int64_t added, AppendPoints(db_, run.num, records.points));
  int64_t points = 0;
  for (const auto& [key, list] : records.points) points += static_cast<int64_t>(list.size());
  done.metrics += added;
  done.repeated += points - added;
  for (const TextRecord& param : records.params) {
    QUERN_ASSIGN(const auto conflicts, AddParams(db_, run.num, {{param.key, param.value}}));
    if (conflicts.empty()) {
      ++done.params;
      continue;
    }
    done.Refuse(param.record, ParamChanged(run.id, conflicts[0]), 1);
  }
  for (const TextRecord& tag : records.tags) QUERN_TRY(SetTags(run, {{tag.key, tag.value}}));
  done.tags += static_cast<int64_t>(records.tags.size());
  return BumpRun(db_, run.num);
}

}  // namespace quern::tracking
