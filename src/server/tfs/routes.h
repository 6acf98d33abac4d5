#pragma once
// TensorFlow Serving's REST interface and KServe's version 1: /v1/models….
#include "server/context.h"
#include "server/http/router.h"

namespace quern::server::tfs {

void AddRoutes(Router* router, const ServingContext& context);

}  // namespace quern::server::tfs
