#pragma once
// Models as a repository: index, load, unload; and what they counted.
#include "server/context.h"
#include "server/http/router.h"

namespace quern::server::oip {

void AddRepositoryRoutes(Router* router, const ServingContext& context);

}  // namespace quern::server::oip
