#pragma once
// /v1/releases: releases of this server's models, begun, watched and ordered about.
#include "server/http/router.h"
#include "server/releases.h"

namespace quern::server::native {

/// The server's own API; docs/releases.md shows it.
void AddReleaseRoutes(Router* router, Releases& releases);

}  // namespace quern::server::native
