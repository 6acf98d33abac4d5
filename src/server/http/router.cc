#include "server/http/router.h"

#include <algorithm>

#include "base/check.h"
#include "base/text.h"

namespace quern::server {
namespace {

bool IsParam(std::string_view part) { return part.size() > 2 && part.front() == '{'; }

bool Matches(const std::vector<std::string>& parts, const std::vector<std::string>& segments) {
  if (parts.size() != segments.size()) return false;
  for (size_t i = 0; i < parts.size(); ++i) {
    if (IsParam(parts[i]) ? segments[i].empty() : parts[i] != segments[i]) return false;
  }
  return true;
}

}  // namespace

std::string_view Call::Param(std::string_view name) const {
  for (const auto& [key, value] : params) {
    if (key == name) return value;
  }
  return {};
}

void Router::Add(Route route) {
  for (const Route& other : routes_) {
    QUERN_CHECK(other.method != route.method || other.pattern != route.pattern, route.pattern);
  }
  Compiled compiled{{}, routes_.size()};
  std::string_view pattern = route.pattern;
  if (pattern != "/") {
    for (std::string_view part : Split(pattern.substr(1), '/')) compiled.parts.emplace_back(part);
  }
  compiled_.push_back(std::move(compiled));
  routes_.push_back(std::move(route));
}

net::HttpResponse Router::Dispatch(const net::HttpRequest& request) const {
  net::HttpResponse response = Find(request);
  std::string_view id = request.Find("X-Request-Id");
  if (!id.empty()) response.headers.push_back({"X-Request-Id", std::string(id)});
  return response;
}

net::HttpResponse Router::Find(const net::HttpRequest& request) const {
  std::string_view method = request.method == "HEAD" ? "GET" : std::string_view(request.method);
  std::vector<std::string> allowed;
  for (const Compiled& compiled : compiled_) {
    if (!Matches(compiled.parts, request.segments)) continue;
    const Route& route = routes_[compiled.route];
    if (route.method != method) {
      allowed.push_back(route.method);
      continue;
    }
    Call call{request, {}};
    for (size_t i = 0; i < compiled.parts.size(); ++i) {
      std::string_view part = compiled.parts[i];
      if (IsParam(part))
        call.params.emplace_back(part.substr(1, part.size() - 2), request.segments[i]);
    }
    return route.handler(call);
  }
  if (allowed.empty()) return net::RenderJsonError(404, "Not Found");
  if (std::find(allowed.begin(), allowed.end(), "GET") != allowed.end()) allowed.push_back("HEAD");
  net::HttpResponse response = net::RenderJsonError(405, "Method Not Allowed");
  response.headers.push_back({"Allow", Join(allowed, ", ")});
  return response;
}

}  // namespace quern::server
