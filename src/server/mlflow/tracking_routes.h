#pragma once
// MLflow's tracking calls (REST 2.0): experiments, runs, what is logged to them, metric histories,
// logged models, lists of artifacts.
#include <functional>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "server/mlflow/api.h"
#include "server/mlflow/artifact_places.h"
#include "tracking/experiments.h"
#include "tracking/logged_models.h"
#include "tracking/runs.h"

namespace quern::server::mlflow {

/// The domains that the calls act on. Borrowed by the routes, all thread-safe.
struct TrackingContext {
  tracking::Experiments& experiments;
  tracking::Runs& runs;
  tracking::LoggedModels& models;
  const ArtifactPlaces& places;
  const Clock& clock;
};

/// All of the groups below.
std::vector<ApiRoute> TrackingRoutes(const TrackingContext& context);

std::vector<ApiRoute> ExperimentRoutes(const TrackingContext& context);
/// Create, get, update, delete, restore.
std::vector<ApiRoute> RunRoutes(const TrackingContext& context);
std::vector<ApiRoute> RunSearchRoutes(const TrackingContext& context);
/// log-…, set-tag, delete-tag, outputs.
std::vector<ApiRoute> RunLogRoutes(const TrackingContext& context);
/// runs/log-model, as MLflow 2 clients send it: the model joins a list in a tag of the run.
Result<net::HttpResponse> LogModel(const TrackingContext& context, const Args& args);
std::vector<ApiRoute> MetricRoutes(const TrackingContext& context);
std::vector<ApiRoute> LoggedModelRoutes(const TrackingContext& context);
/// Lists and single files of runs and logged models, by the places that their URIs name.
std::vector<ApiRoute> ArtifactListRoutes(const TrackingContext& context);
/// /get-artifact?run_id=…&path=…, which stands outside of the API.
Result<net::HttpResponse> FileOfRun(const TrackingContext& context, const Args& args);

/// The experiment's number. MLflow answers an id that is no number with 500; here it is an
/// experiment that does not exist. "" is the default one, 0.
Result<int64_t> ExperimentNumber(std::string_view id);
/// Those of a search: ids that are no numbers find nothing.
std::vector<int64_t> ExperimentNumbers(const std::vector<std::string>& ids);

/// ACTIVE_ONLY if the request does not say.
tracking::ViewType ReadView(const Args& args, std::string_view key);

}  // namespace quern::server::mlflow
