#pragma once
// Quern's own: feedback, metrics, the list of routes.
#include "server/context.h"
#include "server/http/router.h"

namespace quern::server::native {

/// Add last: GET / lists what the router then holds.
void AddRoutes(Router* router, const ServingContext& context);

}  // namespace quern::server::native
