#pragma once
// MLflow's scoring server: /invocations, /ping, /health, /version.
#include "server/context.h"
#include "server/http/router.h"

namespace quern::server::mlflow {

void AddScoringRoutes(Router* router, const ServingContext& context);

}  // namespace quern::server::mlflow
