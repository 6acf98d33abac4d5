#pragma once
// MLflow's model registry calls (REST 2.0): registered models, their versions, stages, aliases.
#include <functional>
#include <string_view>
#include <vector>

#include "registry/models.h"
#include "registry/versions.h"
#include "server/http/router.h"
#include "server/mlflow/api.h"

namespace quern::server::mlflow {

/// What the calls act on. Borrowed by the routes, all thread-safe.
struct RegistryRouteContext {
  store::Database& database;
  const Clock& clock;
  registry::Origins& origins;
  /// Null if nobody is told of changes.
  registry::Listener* listener = nullptr;
  /// Null if clients may register any source.
  const registry::SourceRule* source_rule = nullptr;
  /// Answers a GET with the file at `path` below an artifact URI, or with why there is none.
  std::function<net::HttpResponse(std::string_view uri, std::string_view path,
                                  const net::HttpRequest& request)>
      serve_artifact;
};

/// All of the calls, and GET /model-versions/get-artifact.
void AddRegistryRoutes(Router* router, const RegistryRouteContext& context);

std::vector<ApiRoute> RegisteredModelRoutes(const RegistryRouteContext& context);
std::vector<ApiRoute> AliasRoutes(const RegistryRouteContext& context);
std::vector<ApiRoute> ModelVersionRoutes(const RegistryRouteContext& context);

/// The domain as this request's client acts on it.
registry::RegistryContext Acting(const RegistryRouteContext& context, const Args& args);
/// Who acts, as the request says (`actor`, which is beyond MLflow), else as its credentials do:
/// "ada (unverified)", as nothing verifies either; "" for nobody.
std::string ActorOf(const Args& args);
/// `reason`, which is beyond MLflow: why, for the log. One that is too long is refused.
std::string ReasonOf(const Args& args);
/// The user that the client says it is (HTTP Basic); "" if it does not say.
std::string DeclaredUser(const net::HttpRequest& request);

}  // namespace quern::server::mlflow
