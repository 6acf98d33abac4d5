#include "cli/gc_predictions.h"

#include <fmt/format.h>

#include <boost/json.hpp>

#include "cli/kept_store.h"
#include "pipeline/prediction_archive.h"
#include "pipeline/project.h"
#include "serving/log_mover.h"
#include "serving/prediction_log.h"
#include "serving/prediction_retention.h"

namespace quern::cli {

Status ClearPredictions(const std::string& state_dir, store::Database& database,
                        const std::string& compact_after, bool remove, Context& context,
                        json::object* report) {
  QUERN_ASSIGN(const int64_t compact_ms, ParseAge(compact_after));
  QUERN_ASSIGN(const auto spec, pipeline::LoadPredictionLog(DirName(state_dir), context.fs));
  const int64_t now = context.clock.NowMs();
  if (remove) {
    serving::PredictionMover mover(database, context.clock,
                                   JoinPath(state_dir, serving::kPredictionLogFolder));
    QUERN_TRY(mover.CatchUp());
  }
  serving::ExpiredPredictions expired;
  if (spec.retention_seconds > 0) {
    const auto age = static_cast<int64_t>(spec.retention_seconds * 1000);
    QUERN_ASSIGN(expired,
                 serving::ExpirePredictions(database, context.fs, state_dir, now - age, remove));
  }
  int64_t moved = 0;
  if (remove) {
    QUERN_ASSIGN(const auto archived,
                 pipeline::ArchivePredictions(database, context.fs, state_dir, now - compact_ms,
                                              context.clock, context.cancel));
    moved = archived.rows;
  } else {
    QUERN_ASSIGN(moved, pipeline::CountArchivable(database, now - compact_ms));
  }
  (*report)["predictions"] = json::object{
      {"compacted", moved}, {"expired", expired.rows}, {"expired_files", expired.files}};
  if (context.json || moved + expired.rows + expired.files == 0) return {};
  context.PrintLine(fmt::format("{} predictions {}, {} and {} files of them {}", moved,
                                remove ? "moved into files" : "would move into files", expired.rows,
                                expired.files,
                                remove ? "were too old and are gone" : "are too old"));
  return {};
}

}  // namespace quern::cli
