#pragma once
// Inside of tracking/ only: rows of runs.
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
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

/// A parameter that is there with another value.
struct ParamConflict {
  std::string key;
  std::string before;
  std::string wanted;
};
/// Writes what is new; what is there with another value stays and is given back.
Result<std::vector<ParamConflict>> AddParams(
    store::Database& db, int64_t run,
    const std::vector<std::pair<std::string, std::string>>& params);
/// One of them, in MLflow's words.
std::string ParamChanged(const std::string& run_id, const ParamConflict& conflict);
/// `direction`: "input" or "output". A link that is there gets the step.
Status LinkModels(store::Database& db, int64_t run, const char* direction,
                  const std::vector<ModelLink>& models);
/// The dataset is kept once per experiment, name and digest; its tags belong to the run.
Status LinkDataset(store::Database& db, const RunInfo& run, const DatasetInput& input);

/// A value of the logged model `model`, measured by a run.
Status AddModelMetric(store::Database& db, int64_t model, const MetricPoint& point,
                      const std::string& run_id);
/// What a client measured of logged models, kept with the models too.
Status LogModelMetrics(store::Database& db, const std::string& run_id,
                       const std::vector<MetricPoint>& metrics);

}  // namespace quern::tracking
