#pragma once
// The table of routes as an OpenAPI document.
#include <string>
#include <vector>

#include "server/http/router.h"

namespace quern::server {

/// OpenAPI 3.0.3: every route with its line of documentation and the parameters of its path.
std::string OpenApi(const std::vector<Route>& routes, std::string_view title);

}  // namespace quern::server
