#pragma once
// MLflow's REST calls as a table: a row per path, served below /api/2.0 and /ajax-api/2.0. Calls of
// our own that stand beside them are rows of the same kind.
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "net/http.h"
#include "search/page.h"
#include "server/http/router.h"
#include "server/mlflow/request.h"

namespace quern::server::mlflow {

/// Reads its arguments, asks `status()`, acts, answers. An error is answered as MLflow's client
/// expects it (errors.h).
using ApiHandler = std::function<Result<net::HttpResponse>(const Args&)>;

/// A call that has the domains as its first argument, as a handler with a copy of `context`.
template <class Context>
ApiHandler Bind(const Context& context,
                Result<net::HttpResponse> (*call)(const Context&, const Args&)) {
  return [context, call](const Args& args) { return call(context, args); };
}

/// `{}`: done.
net::HttpResponse Done();

/// filter, order_by, page_token, max_results.
search::PageRequest ReadSearch(const Args& args, int64_t default_max_results);

/// `[{"key", "value"}]`; of repeated keys the last value counts. MLflow takes items without a key
/// for such with an empty one, which most of its calls then refuse: here each is refused by name.
std::map<std::string, std::string> ReadPairs(const Fields& fields, std::string_view list);

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
  /// Stands before `doc` in the list of calls: whose protocol this is.
  std::string_view origin = "MLflow: ";
};

void AddApiRoutes(Router* router, const std::vector<ApiRoute>& routes);

/// The answer of one call: what AddApiRoutes gives the router.
net::HttpResponse AnswerApi(const ApiHandler& handler, const Call& call,
                            BodyForm form = BodyForm::kJson);

}  // namespace quern::server::mlflow
