#include "server/mlflow/routes.h"

#include "server/http/respond.h"
#include "server/mlflow/invocations.h"

namespace quern::server::mlflow {
namespace {

net::HttpResponse Ping(const ServingContext& context) {
  bool ready = !context.draining() && context.catalog.Default().has_value();
  return JsonResponse("\n", ready ? 200 : 404);
}

}  // namespace

void AddScoringRoutes(Router* router, const ServingContext& context) {
  const ServingContext* c = &context;
  router->Add({"POST",
               "/invocations",
               "MLflow, SageMaker: scores JSON (four forms) or CSV with the first model",
               [c](const Call& call) {
                 return AnswerExchange(call.request, [c](const Exchange& exchange) {
                   Invocations(*c, "", exchange);
                 });
               },
               {},
               JsonOrCsv()});
  for (const char* path : {"/ping", "/health"}) {
    router->Add({"GET", path, "MLflow, SageMaker: 200 while a model can be asked",
                 [c](const Call&) { return Ping(*c); }});
  }
  router->Add({"GET", "/version", "MLflow: version of this program",
               [](const Call&) { return JsonResponse(QUERN_VERSION); }});
}

}  // namespace quern::server::mlflow
