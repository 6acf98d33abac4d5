#pragma once
// MLflow's REST calls as a table: a row per path, served below /api/2.0 and /ajax-api/2.0.
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "net/http.h"
#include "server/http/router.h"
#include "server/mlflow/request.h"

namespace quern::server::mlflow {

/// Reads its arguments, asks `status()`, acts, answers. An error is answered as MLflow's client
/// expects it (errors.h).
using ApiHandler = std::function<Result<net::HttpResponse>(const Args&)>;

enum class Surface {
  kApi,       // /api and /ajax-api
  kAjaxOnly,  // what only MLflow's page asks
};

struct ApiRoute {
  /// One or more, with blanks between: "GET POST".
  std::string_view methods;
  /// What follows the version: "/mlflow/runs/create", "/mlflow/logged-models/{model_id}".
  std::string_view path;
  /// One line for people.
  std::string_view doc;
  ApiHandler handler;
  Surface surface = Surface::kApi;
  BodyForm body = BodyForm::kJson;
  std::string_view version = "2.0";
};

void AddApiRoutes(Router* router, const std::vector<ApiRoute>& routes);

/// The answer of one call: what AddApiRoutes gives the router.
net::HttpResponse AnswerApi(const ApiHandler& handler, const Call& call,
                            BodyForm form = BodyForm::kJson);

}  // namespace quern::server::mlflow
