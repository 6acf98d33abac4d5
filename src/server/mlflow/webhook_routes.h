#pragma once
// MLflow's webhook calls (REST 2.0): who is told of what happens in the registry.
#include "server/mlflow/api.h"
#include "webhooks/deliverer.h"
#include "webhooks/webhooks.h"

namespace quern::server::mlflow {

/// Borrowed by the routes, both thread-safe.
struct WebhookContext {
  webhooks::Webhooks& webhooks;
  webhooks::Deliverer& deliverer;
};

std::vector<ApiRoute> WebhookRoutes(const WebhookContext& context);

}  // namespace quern::server::mlflow
