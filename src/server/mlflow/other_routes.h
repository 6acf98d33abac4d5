#pragma once
// What MLflow's clients, pages and load balancers ask beside tracking and registry.
#include <string>
#include <string_view>
#include <vector>

#include "server/http/router.h"
#include "server/mlflow/api.h"

namespace quern::server::mlflow {

/// The version of MLflow whose protocol is spoken: /version answers it, clients compare it.
inline constexpr char kMlflowVersion[] = "3.10.0";

/// /health, /version, server-info.
void AddOtherRoutes(Router* router);

/// Calls that only language-model work makes, by how their path begins after the version.
const std::vector<std::string_view>& LanguageModelPaths();

/// Below /api and /ajax-api: an unknown path is ENDPOINT_NOT_FOUND (by which clients try the next
/// verb or version), a wrong verb is 405. Elsewhere `{"error"}`.
net::HttpResponse Unmatched(const net::HttpRequest& request, int status);

/// Answers what never reached a handler: malformed or oversized requests, a full server.
net::HttpResponse RenderTransportError(int status, std::string_view message);

}  // namespace quern::server::mlflow
