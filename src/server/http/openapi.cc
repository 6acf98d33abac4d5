#include "server/http/openapi.h"

#include <map>

#include "base/text.h"
#include "serving/json_text.h"

namespace quern::server {
namespace {

using serving::AppendJsonText;

constexpr std::string_view kObject = "{\"schema\":{\"type\":\"object\"}}";

/// Names in braces, without the mark of a rest.
std::vector<std::string> ParamsOf(std::string_view pattern) {
  std::vector<std::string> params;
  for (std::string_view part : Split(pattern, '/')) {
    if (part.size() < 3 || part.front() != '{') continue;
    part = part.substr(1, part.find('}') - 1);
    if (part.ends_with("...")) part.remove_suffix(3);
    params.emplace_back(part);
  }
  return params;
}

std::string PathOf(std::string_view pattern) {
  std::string path(pattern);
  const size_t dots = path.find("...}");
  if (dots != std::string::npos) path.erase(dots, 3);
  return path;
}

void AppendOperation(std::string* out, const Route& route) {
  AppendJsonText(out, ToLower(route.method));
  out->append(":{\"summary\":");
  AppendJsonText(out, route.doc);
  out->append(",\"parameters\":[");
  bool first = true;
  for (const std::string& name : ParamsOf(route.pattern)) {
    if (!first) out->push_back(',');
    first = false;
    out->append("{\"name\":");
    AppendJsonText(out, name);
    out->append(",\"in\":\"path\",\"required\":true,\"schema\":{\"type\":\"string\"}}");
  }
  out->push_back(']');
  if (route.method == "POST") {
    out->append(",\"requestBody\":{\"content\":{");
    for (size_t i = 0; i < route.bodies.size(); ++i) {
      if (i > 0) out->push_back(',');
      AppendJsonText(out, route.bodies[i]);
      out->push_back(':');
      const bool json = route.bodies[i] == "application/json";
      out->append(json ? kObject : "{\"schema\":{\"type\":\"string\",\"format\":\"binary\"}}");
    }
    out->append("}}");
  }
  out->append(
      ",\"responses\":{\"200\":{\"description\":\"the answer\"},\"default\":{\"description\":"
      "\"what is wrong\",\"content\":{\"application/json\":");
  out->append(kObject).append("}}}}");
}

}  // namespace

std::string OpenApi(const std::vector<Route>& routes, std::string_view title) {
  std::map<std::string, std::vector<const Route*>> paths;
  for (const Route& route : routes) {
    for (const std::string& path : route.Paths()) paths[PathOf(path)].push_back(&route);
  }
  std::string out = "{\"openapi\":\"3.0.3\",\"info\":{\"title\":";
  AppendJsonText(&out, title);
  out += ",\"version\":";
  AppendJsonText(&out, QUERN_VERSION);
  out += "},\"paths\":{";
  bool first = true;
  for (const auto& [path, list] : paths) {
    if (!first) out += ',';
    first = false;
    AppendJsonText(&out, path);
    out += ":{";
    for (size_t i = 0; i < list.size(); ++i) {
      if (i > 0) out += ',';
      AppendOperation(&out, *list[i]);
    }
    out += '}';
  }
  return out + "}}";
}

}  // namespace quern::server
