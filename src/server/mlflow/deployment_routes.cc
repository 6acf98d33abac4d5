#include "server/mlflow/deployment_routes.h"

#include <boost/json.hpp>

#include "net/encode_url.h"
#include "server/http/respond.h"
#include "server/mlflow/invocations.h"

namespace quern::server::mlflow {
namespace {

constexpr char kEndpoints[] = "/api/2.0/endpoints";

/// The type says how the endpoint is asked; MLflow's own are of language models.
json::value EndpointJson(const serving::ServedModel& served) {
  return {{"name", served.name()},
          {"endpoint_type", "mlflow/invocations"},
          {"model", {{"name", served.name()}, {"provider", "quern"}}},
          {"endpoint_url", "/endpoints/" + net::EncodeUrl(served.name()) + "/invocations"},
          {"limit", nullptr}};
}

net::HttpResponse ListEndpoints(const ServingContext& context) {
  json::array all;
  for (const std::string& name : context.catalog.Names()) {
    const auto served = context.catalog.Find(name);
    if (served) all.push_back(EndpointJson(**served));
  }
  return JsonResponse(WriteJson(json::object{{"endpoints", std::move(all)}}));
}

net::HttpResponse ShowEndpoint(const ServingContext& context, std::string_view name) {
  const auto served = context.catalog.Find(name);
  return served ? JsonResponse(WriteJson(EndpointJson(**served))) : ErrorResponse(served.error());
}

}  // namespace

void AddDeploymentRoutes(Router* router, const ServingContext& context) {
  const ServingContext* c = &context;
  // The client asks for the list with a slash at the end.
  for (const std::string path : {kEndpoints, "/api/2.0/endpoints/"}) {
    router->Add({"GET", path, "MLflow deployments: the models served here",
                 [c](const Call&) { return ListEndpoints(*c); }});
  }
  router->Add({"GET", std::string(kEndpoints) + "/{model}", "MLflow deployments: one of them",
               [c](const Call& call) { return ShowEndpoint(*c, call.Param("model")); }});
  router->Add({"POST",
               "/endpoints/{model}/invocations",
               "MLflow deployments: as /invocations, of the model that is named",
               [c](const Call& call) {
                 const std::string model(call.Param("model"));
                 return AnswerExchange(call.request, [&](const Exchange& exchange) {
                   Invocations(*c, model, exchange);
                 });
               },
               {},
               JsonOrCsv()});
}

}  // namespace quern::server::mlflow
