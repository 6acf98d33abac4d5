#include "server/http/route_list.h"

#include <string>
#include <utility>

#include "server/http/respond.h"
#include "serving/json_text.h"

namespace quern::server {

using serving::AppendJsonList;
using serving::AppendJsonText;

net::HttpResponse RouteList(const std::vector<Route>& routes) {
  std::string out = "{\"name\":\"quern\",\"version\":";
  AppendJsonText(&out, QUERN_VERSION);
  out += ",\"routes\":";
  std::vector<std::pair<std::string, const Route*>> listed;
  for (const Route& route : routes) {
    for (std::string& path : route.Paths()) listed.emplace_back(std::move(path), &route);
  }
  AppendJsonList(&out, listed.size(), [&](size_t i) {
    const auto& [path, route] = listed[i];
    out += "{\"method\":";
    AppendJsonText(&out, route->method);
    out += ",\"path\":";
    AppendJsonText(&out, path);
    out += ",\"does\":";
    AppendJsonText(&out, route->doc);
    out += '}';
  });
  return JsonResponse(out + "}");
}

}  // namespace quern::server
