#pragma once
// SageMaker's contract for containers of several models: /models.
#include "server/context.h"
#include "server/http/router.h"

namespace quern::server::mlflow {

void AddContainerRoutes(Router* router, const ServingContext& context);

}  // namespace quern::server::mlflow
