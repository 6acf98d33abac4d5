#pragma once
// Deleted runs, logged models and experiments go for good: rows and files.
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/cancel.h"
#include "base/progress.h"
#include "base/result.h"
#include "registry/registry.h"
#include "store/artifacts.h"
#include "tracking/trash.h"

namespace quern::upkeep {

/// A place in one of the stores that this program reaches.
struct Place {
  store::ArtifactStore* store = nullptr;
  /// Below the store's root.
  std::string path;
};
/// The place that a URI names; an error for what lies elsewhere.
using FindPlace = std::function<Result<Place>(std::string_view uri)>;

struct PurgeScope {
  /// Deleted at this moment or before, milliseconds since 1970.
  int64_t until_ms = 0;
  /// Only these, if any of the three names something.
  std::vector<std::string> run_ids;
  std::vector<std::string> model_ids;
  std::vector<std::string> experiment_ids;
};

struct PurgePlan {
  std::vector<tracking::DeletedItem> runs;
  std::vector<tracking::DeletedItem> models;
  std::vector<tracking::DeletedItem> experiments;
  /// What is old enough and stays, with the reason: "run 0af3…: version 2 of model 'heart' refers
  /// to it".
  std::vector<std::string> kept;
};

/// What would go. Runs and logged models that a live model version refers to stay, and so does an
/// experiment with anything that stays. kNotFound for an id of `scope` that is not deleted, or not
/// long enough.
Result<PurgePlan> PlanPurge(tracking::Trash& trash, registry::Registry& registry,
                            const PurgeScope& scope);

struct PurgeResult {
  int64_t runs = 0;
  int64_t models = 0;
  int64_t experiments = 0;
  int64_t datasets = 0;
  /// Artifacts that lie where this program cannot reach: their rows are gone.
  std::vector<std::string> left;
  /// What could not be purged because its artifacts could not be deleted: the next purge tries
  /// again.
  std::vector<std::string> failed;
};

/// Carries a plan out, a few at a time, so that writers do not wait. What was restored meanwhile
/// stays. Cancelled, it ends between two items.
Result<PurgeResult> Purge(tracking::Trash& trash, const FindPlace& find, const PurgePlan& plan,
                          const CancelToken& cancel, Progress& progress = NoProgress());

}  // namespace quern::upkeep
