#include "server/http/route_list.h"

#include <string>

#include "server/http/respond.h"
#include "serving/json_text.h"

namespace quern::server {

using serving::AppendJsonList;
using serving::AppendJsonText;

net::HttpResponse RouteList(const std::vector<Route>& routes) {
  std::string out = "{\"name\":\"quern\",\"version\":";
  AppendJsonText(&out, QUERN_VERSION);
  out += ",\"routes\":";
  AppendJsonList(&out, routes.size(), [&](size_t i) {
    out += "{\"method\":";
    AppendJsonText(&out, routes[i].method);
    out += ",\"path\":";
    AppendJsonText(&out, routes[i].pattern);
    out += ",\"does\":";
    AppendJsonText(&out, routes[i].doc);
    out += '}';
  });
  return JsonResponse(out + "}");
}

}  // namespace quern::server
