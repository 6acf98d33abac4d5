#include "server/native/project_plan.h"

#include "base/time.h"

namespace quern::server::native {

Result<ProjectPlan> KeptPlan::Get() {
  if (planner_ == nullptr) {
    return Fail(Code::kFailedPrecondition, "this store belongs to no project file");
  }
  const MutexLock lock(mutex_);
  if (!answer_ || MonotonicSeconds() - asked_ > kKeptSeconds) {
    answer_ = planner_();
    asked_ = MonotonicSeconds();
  }
  return *answer_;
}

}  // namespace quern::server::native
