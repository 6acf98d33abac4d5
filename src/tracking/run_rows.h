#pragma once
// Inside of tracking/ only: rows of runs.
#include "store/database.h"
#include "tracking/types.h"

namespace quern::tracking {

/// Of `runs r`, as ReadRunInfo reads them.
inline constexpr char kRunColumns[] =
    "r.num, r.id, r.experiment_id, r.parent_id, r.name, r.user_id, r.status, r.start_ms, r.end_ms, "
    "r.artifact_uri, r.lifecycle, r.revision";
inline constexpr int kRunColumnCount = 12;
RunInfo ReadRunInfo(const store::Row& row);

/// Notes that something of the run changed.
Status BumpRun(store::Database& db, int64_t num);

/// What a client measured of a logged model, kept with the model too.
Status LogModelMetrics(store::Database& db, const std::string& run_id,
                       const std::vector<MetricPoint>& metrics);

}  // namespace quern::tracking
