#pragma once
// What was deleted long enough ago to be gone for good: found, claimed, removed.
#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "store/database.h"
#include "tracking/experiments.h"

namespace quern::tracking {

/// A deleted run, logged model or experiment.
struct DeletedItem {
  /// runs.num, logged_models.num or experiments.id.
  int64_t num = 0;
  std::string id;
  std::string name;
  int64_t experiment_id = 0;
  /// When it was deleted; -1 if an earlier purge has claimed it and did not come to its end, and of
  /// a logged model that goes with its experiment alone.
  int64_t deleted_ms = 0;
  /// Of an experiment: where its runs' folders are.
  std::string artifact_uri;
};

/// Whoever purges something claims it first: from then on nobody can restore it. Then its files go,
/// and last its rows, so that a purge that breaks off is taken up by the next. Thread-safe as the
/// database is. Borrows both.
class Trash {
 public:
  Trash(store::Database& database, Experiments& experiments)
      : db_(database), experiments_(experiments) {}

  /// Deleted at `until_ms` or before.
  Result<std::vector<DeletedItem>> Runs(int64_t until_ms);
  /// Those of experiments that were deleted by then too.
  Result<std::vector<DeletedItem>> LoggedModels(int64_t until_ms);
  /// Never "Default", which clients take for granted: deleted, it can still be restored.
  Result<std::vector<DeletedItem>> Experiments(int64_t until_ms);
  /// Experiments that are deleted, and hold a run that was restored by itself.
  Result<std::vector<int64_t>> ExperimentsInUse();

  /// Marks them as about to go; those of them that are still deleted.
  Result<std::vector<int64_t>> ClaimRuns(const std::vector<int64_t>& nums);
  Result<std::vector<int64_t>> ClaimExperiments(const std::vector<int64_t>& ids);

  /// With parameters, metrics, tags, and what else is theirs. Claimed ones alone.
  Status RemoveRuns(const std::vector<int64_t>& nums);
  /// Deleted ones, and those of claimed experiments.
  Status RemoveLoggedModels(const std::vector<int64_t>& nums);
  /// Claimed ones without runs and models; kFailedPrecondition for others.
  Status RemoveExperiments(const std::vector<int64_t>& ids);
  /// Datasets that no run reads; how many there were.
  Result<int64_t> RemoveUnreadDatasets();

  /// Which of these ids belong to no run or logged model, deleted or not.
  Result<std::vector<std::string>> UnknownIds(const std::vector<std::string>& ids);

 private:
  store::Database& db_;
  tracking::Experiments& experiments_;
};

}  // namespace quern::tracking
