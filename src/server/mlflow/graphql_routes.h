#pragma once
// /graphql, which MLflow's page asks for single runs, experiments and charts.
#include <vector>

#include "server/graphql/limits.h"
#include "server/http/router.h"
#include "server/mlflow/api.h"

namespace quern::server::mlflow {

/// GET and POST of /graphql, and of /graphql below the API's paths. Fields are answered by the
/// calls among `calls`, which are copied.
void AddGraphqlRoutes(Router* router, std::vector<ApiRoute> calls, const graphql::Limits& limits);

}  // namespace quern::server::mlflow
