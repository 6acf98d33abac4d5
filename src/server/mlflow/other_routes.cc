#include "server/mlflow/other_routes.h"

#include <algorithm>

#include "server/http/respond.h"
#include "server/mlflow/errors.h"

namespace quern::server::mlflow {
namespace {

net::HttpResponse Text(std::string_view text) {
  net::HttpResponse response;
  response.content_type = "text/plain; charset=utf-8";
  response.body = std::string(text);
  return response;
}

Result<net::HttpResponse> ServerInfo(const Args&) {
  return JsonResponse(
      R"({"store_type":"SqlStore","workspaces_enabled":false,"trace_archival_enabled":false})");
}

/// Of "/api/2.0/mlflow/x" what follows the version; nothing for other paths.
std::string_view AfterVersion(std::string_view path) {
  for (std::string_view prefix : {"/api/", "/ajax-api/"}) {
    if (!path.starts_with(prefix)) continue;
    const size_t slash = path.find('/', prefix.size());
    return slash == std::string_view::npos ? "/" : path.substr(slash);
  }
  return {};
}

}  // namespace

void AddOtherRoutes(Router* router) {
  router->Add({"GET", "/health", "MLflow: OK while the server answers",
               [](const Call&) { return Text("OK"); }});
  router->Add({"GET", "/version", "MLflow: the version of MLflow whose protocol this is",
               [](const Call&) { return Text(kMlflowVersion); }});
  AddApiRoutes(router, {{"GET", "/mlflow/server-info", "what this server can do", ServerInfo,
                         Surface::kApi, BodyForm::kJson, "3.0"}});
}

const std::vector<std::string_view>& LanguageModelPaths() {
  static const std::vector<std::string_view> kPaths = {"/mlflow/traces",
                                                       "/mlflow/assessments",
                                                       "/mlflow/issues",
                                                       "/mlflow/label-schemas",
                                                       "/mlflow/review-queues",
                                                       "/mlflow/datasets",
                                                       "/mlflow/scorers",
                                                       "/mlflow/gateway",
                                                       "/mlflow/gateway-proxy",
                                                       "/mlflow/prompt-optimization",
                                                       "/mlflow/jobs",
                                                       "/mlflow/mcp",
                                                       "/mlflow/assistant",
                                                       "/mlflow/runs/create-promptlab-run",
                                                       "/mlflow/get-trace-artifact"};
  return kPaths;
}

net::HttpResponse Unmatched(const net::HttpRequest& request, int status) {
  const std::string_view path = AfterVersion(request.path);
  if (path.empty()) {
    return net::RenderJsonError(status, net::ReasonPhrase(status));
  }
  if (status == 405) {
    net::HttpResponse response = MlflowError(
        "BAD_REQUEST", Printable(request.path) + " does not take " + Printable(request.method));
    response.status = status;
    return response;
  }
  const auto& llm = LanguageModelPaths();
  const bool language = std::any_of(llm.begin(), llm.end(), [&](std::string_view prefix) {
    return path == prefix ||
           (path.starts_with(prefix) && (path[prefix.size()] == '/' || path[prefix.size()] == '-'));
  });
  return MlflowError("ENDPOINT_NOT_FOUND",
                     "No endpoint " + Printable(request.method) + " " + Printable(request.path) +
                         (language ? ": this server has none for language models" : ""));
}

net::HttpResponse RenderTransportError(int status, std::string_view message) {
  const std::string_view code = status == 503   ? "TEMPORARILY_UNAVAILABLE"
                                : status >= 500 ? "INTERNAL_ERROR"
                                                : "BAD_REQUEST";
  net::HttpResponse response = MlflowError(code, message);
  response.status = status;
  return response;
}

}  // namespace quern::server::mlflow
