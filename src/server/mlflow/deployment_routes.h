#pragma once
// The served models as endpoints of MLflow's deployments client (`mlflow deployments`, its
// get_deploy_client("http://…")): /api/2.0/endpoints and /endpoints/{name}/invocations.
#include "server/context.h"
#include "server/http/router.h"

namespace quern::server::mlflow {

void AddDeploymentRoutes(Router* router, const ServingContext& context);

}  // namespace quern::server::mlflow
