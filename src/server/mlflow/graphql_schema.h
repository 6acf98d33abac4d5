#pragma once
// What MLflow's page asks by GraphQL, in terms of the REST calls: the names of types and fields are
// those of MLflow's own schema.
#include <string_view>

#include "server/graphql/schema.h"

namespace quern::server::mlflow {

/// The types and who answers them. A backend's calls are paths of REST calls ("/mlflow/runs/get").
const graphql::Schema& GraphqlSchema();

}  // namespace quern::server::mlflow
