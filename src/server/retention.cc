#include "server/retention.h"

#include "base/log.h"
#include "store/database_space.h"
#include "upkeep/lock.h"

namespace quern::server {

Retention::Retention(store::Database& database, tracking::Experiments& experiments,
                     const ArtifactStores& artifacts, const Clock& clock, std::string state_dir,
                     int64_t age_ms)
    : database_(database),
      artifacts_(artifacts),
      clock_(clock),
      state_dir_(std::move(state_dir)),
      age_ms_(age_ms),
      registry_(database, clock, "retention"),
      trash_(database, experiments) {}

Status Retention::Purge(const CancelToken& cancel) {
  QUERN_ASSIGN(const auto lock, upkeep::StoreLock::ForUpkeep(
                                    state_dir_, upkeep::StoreLock::Mode::kAlone, "the purge"));
  QUERN_TRY(artifacts_.destination().Unfinished(store::MultipartUploads::kAbandonedAfterMs, true));
  if (artifacts_.uploads() != nullptr) {
    QUERN_TRY(artifacts_.uploads()->Unfinished(store::MultipartUploads::kAbandonedAfterMs, true));
  }
  upkeep::PurgeScope scope;
  scope.until_ms = clock_.NowMs() - age_ms_;
  QUERN_ASSIGN(const auto plan, upkeep::PlanPurge(trash_, registry_, scope));
  if (plan.runs.empty() && plan.models.empty() && plan.experiments.empty()) return {};
  QUERN_ASSIGN(const auto done, upkeep::Purge(trash_, PlacesOf(artifacts_), plan, cancel));
  for (const std::string& uri : done.left) {
    Log(LogLevel::kWarning, "retention: artifacts that this server does not reach stay: " + uri);
  }
  for (const std::string& failed : done.failed) {
    Log(LogLevel::kWarning, "retention: not purged: " + failed);
  }
  Log(LogLevel::kInfo, "retention: purged " + std::to_string(done.runs) + " runs, " +
                           std::to_string(done.models) + " logged models and " +
                           std::to_string(done.experiments) + " experiments");
  QUERN_TRY(store::GiveSpaceBack(database_));
  return {};
}

}  // namespace quern::server
