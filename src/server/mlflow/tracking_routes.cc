#include "server/mlflow/tracking_routes.h"

#include <iterator>

#include "base/text.h"
#include "server/http/respond.h"

namespace quern::server::mlflow {

std::vector<ApiRoute> TrackingRoutes(const TrackingContext& context) {
  std::vector<ApiRoute> all;
  for (auto group : {ExperimentRoutes, RunRoutes, RunSearchRoutes, RunLogRoutes, MetricRoutes,
                     LoggedModelRoutes, ArtifactListRoutes}) {
    std::vector<ApiRoute> routes = group(context);
    std::move(routes.begin(), routes.end(), std::back_inserter(all));
  }
  return all;
}

Result<int64_t> ExperimentNumber(std::string_view id) {
  if (id.empty()) return 0;
  const std::optional<int64_t> number = ParseInt(id);
  if (!number) {
    return Fail(Code::kNotFound, "No Experiment with id=" + std::string(id) + " exists");
  }
  return *number;
}

std::vector<int64_t> ExperimentNumbers(const std::vector<std::string>& ids) {
  std::vector<int64_t> numbers;
  for (const std::string& id : ids) {
    if (const std::optional<int64_t> number = ParseInt(id)) numbers.push_back(*number);
  }
  return numbers;
}

tracking::ViewType ReadView(const Args& args, std::string_view key) {
  constexpr std::string_view kNames[] = {"ACTIVE_ONLY", "DELETED_ONLY", "ALL"};
  return static_cast<tracking::ViewType>(args.Choice(key, kNames).value_or(0));
}

}  // namespace quern::server::mlflow
