#pragma once
// What `quern plan` says of the project whose store this is, for who shows how fresh it is.
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/mutex.h"
#include "base/result.h"

namespace quern::server {

/// A step of the project file as it stands now.
struct PlannedStep {
  std::string id;
  std::string phase;
  std::string state;   // cached: up to date; planned: would run
  std::string reason;  // why it would
};

/// A store may hold runs of other projects too: their steps are none of this plan's.
struct ProjectPlan {
  std::string project;  // its name in the project file
  std::vector<PlannedStep> steps;
};

/// Reads the project file and compares it with the store. Thread-safe. Errors are the project
/// file's.
using Planner = std::function<Result<ProjectPlan>()>;

namespace native {

/// A planner that is asked again only when its answer is old. Thread-safe.
class KeptPlan {
 public:
  /// Without a planner (the store is no project's) there is never a plan.
  explicit KeptPlan(Planner planner) : planner_(std::move(planner)) {}
  bool known() const { return planner_ != nullptr; }
  /// At most `kKeptSeconds` old; callers that come together ask once. kFailedPrecondition without a
  /// planner.
  Result<ProjectPlan> Get();

 private:
  static constexpr double kKeptSeconds = 2;
  Planner planner_;
  Mutex mutex_;
  double asked_ QUERN_GUARDED_BY(mutex_) = 0;
  std::optional<Result<ProjectPlan>> answer_ QUERN_GUARDED_BY(mutex_);
};

}  // namespace native
}  // namespace quern::server
