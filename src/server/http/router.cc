#include "server/http/router.h"

#include <algorithm>

#include "base/check.h"
#include "base/text.h"

namespace quern::server {
namespace {

bool IsParam(std::string_view part) { return part.size() > 2 && part.front() == '{'; }

bool IsRest(std::string_view part) { return IsParam(part) && part.ends_with("...}"); }

/// "name" of "{name}" and of "{name...}".
std::string_view NameOf(std::string_view part) {
  part = part.substr(1, part.size() - 2);
  return part.ends_with("...") ? part.substr(0, part.size() - 3) : part;
}

bool Matches(const std::vector<std::string>& parts, const std::vector<std::string>& segments) {
  bool rest = !parts.empty() && IsRest(parts.back());
  if (rest ? parts.size() > segments.size() : parts.size() != segments.size()) return false;
  for (size_t i = 0; i < parts.size(); ++i) {
    if (IsRest(parts[i])) return true;
    if (IsParam(parts[i]) ? segments[i].empty() : parts[i] != segments[i]) return false;
  }
  return true;
}

}  // namespace

std::vector<std::string> Route::Paths() const {
  if (endings.empty()) return {pattern};
  std::vector<std::string> paths;
  for (const std::string& ending : endings) paths.push_back(pattern + ending);
  return paths;
}

std::string_view Call::Param(std::string_view name) const {
  for (const auto& [key, value] : params) {
    if (key == name) return value;
  }
  return {};
}

std::string JoinSegments(const std::vector<std::string>& segments, size_t from) {
  std::string joined;
  for (size_t i = from; i < segments.size(); ++i) {
    if (i > from) joined += '/';
    joined += segments[i];
  }
  return joined;
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
  for (size_t i = 0; i + 1 < compiled.parts.size(); ++i) {
    QUERN_CHECK(!IsRest(compiled.parts[i]), route.pattern);
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
      if (!IsParam(part)) continue;
      call.params.emplace_back(
          NameOf(part), IsRest(part) ? JoinSegments(request.segments, i) : request.segments[i]);
    }
    return route.handler(call);
  }
  if (allowed.empty()) return unmatched_(request, 404);
  if (std::find(allowed.begin(), allowed.end(), "GET") != allowed.end()) allowed.push_back("HEAD");
  net::HttpResponse response = unmatched_(request, 405);
  response.headers.push_back({"Allow", Join(allowed, ", ")});
  return response;
}

}  // namespace quern::server
