#pragma once
// Open Inference Protocol v2 over HTTP: health, metadata, inference.
#include "server/context.h"
#include "server/http/router.h"

namespace quern::server::oip {

void AddRoutes(Router* router, const ServingContext& context);

}  // namespace quern::server::oip
