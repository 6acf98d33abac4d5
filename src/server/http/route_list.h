#pragma once
// The table of routes for people and programs that ask what a server can do.
#include <vector>

#include "server/http/router.h"

namespace quern::server {

/// `{"name", "version", "routes": [{"method", "path", "does"}]}`.
net::HttpResponse RouteList(const std::vector<Route>& routes);

}  // namespace quern::server
