#pragma once
// /api/2.0/quern/…: what the web page shows beyond MLflow's things, as JSON, and what people and
// pipelines say of versions. docs/server.md lists the calls and their answers.
#include <string>
#include <string_view>
#include <vector>

#include "server/http/router.h"
#include "server/mlflow/api.h"
#include "server/native/view_context.h"

namespace quern::server::native {

/// What is read, each below /api and /ajax-api. The context must outlive the router.
void AddViewRoutes(Router* router, const ViewContext& context);

/// Approvals, rejections, checks and policies of versions: what changes the registry. The context
/// must outlive the router.
void AddReviewRoutes(Router* router, const ViewContext& context);
/// Model cards, and versions side by side.
void AddCardRoutes(Router* router, const ViewContext& context);
/// Releases begun and ordered about.
void AddReleaseOrderRoutes(Router* router, const ViewContext& context);
/// Model servers that listen for this store, and requests to them by hand.
void AddTryRoutes(Router* router, const ViewContext& context);
/// Runs of the project, started and cancelled.
void AddPipelineRoutes(Router* router, const ViewContext& context);

/// `max_results`, from 1 to 1000; another is left with the request as an error.
int64_t ReadLimit(const mlflow::Args& args, int64_t fallback);

/// kInvalidArgument for an order that nobody gives.
Status CheckActor(const std::string& actor);

using View = Result<json::value> (*)(const ViewContext&, const mlflow::Args&);

/// A row of mlflow::AddApiRoutes for a call of our own.
mlflow::ApiRoute OwnRoute(std::string_view methods, std::string_view path, std::string_view doc,
                          mlflow::ApiHandler handler);

/// A GET call: what follows "/api/2.0", what it answers.
struct ViewRoute {
  std::string_view path;
  std::string_view doc;
  View view;
};

// The calls by what they are about.
std::vector<ViewRoute> ProjectViews();
std::vector<ViewRoute> DataViews();
std::vector<ViewRoute> MetricViews();
std::vector<ViewRoute> SnapshotViews();
std::vector<ViewRoute> ModelViews();
std::vector<ViewRoute> ServingViews();

}  // namespace quern::server::native
