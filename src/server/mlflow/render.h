#pragma once
// The objects of MLflow's answers, appended to a text. The fields that are left out when unset are
// those that MLflow's own server leaves out.
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "tracking/runs.h"
#include "tracking/types.h"

namespace quern::server::mlflow {

/// What is written of a run. A key filter that is empty lets everything through.
struct RunView {
  tracking::RunFields fields;
  bool inputs = true;
  bool outputs = true;
  std::vector<std::string> params;   // these keys alone
  std::vector<std::string> metrics;  // these keys alone
  std::vector<std::string> tags;     // these keys alone
};

void AppendExperiment(std::string* out, const tracking::Experiment& experiment);
void AppendRunInfo(std::string* out, const tracking::RunInfo& info);
void AppendRun(std::string* out, const tracking::Run& run, const RunView& view = {});
/// `run_id` "" is left out.
void AppendMetric(std::string* out, const tracking::MetricPoint& point, std::string_view run_id);
void AppendLoggedModel(std::string* out, const tracking::LoggedModel& model);

}  // namespace quern::server::mlflow
