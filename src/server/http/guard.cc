#include "server/http/guard.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/text.h"

namespace quern::server {
namespace {

constexpr std::array<std::string_view, 4> kChanging = {"POST", "PUT", "DELETE", "PATCH"};
constexpr std::array<std::string_view, 3> kLoopback = {"localhost", "127.0.0.1", "[::1]"};

/// "host", "host:port" and "[v6]:port" without the port.
std::string_view WithoutPort(std::string_view host) {
  const size_t bracket = host.rfind(']');
  const size_t colon = host.rfind(':');
  const bool port = colon != std::string_view::npos &&
                    (bracket == std::string_view::npos ? host.find(':') == colon : colon > bracket);
  return port ? host.substr(0, colon) : host;
}

std::vector<std::string> PrivateHosts() {
  std::vector<std::string> hosts = {"localhost", "127.0.0.1", "[::1]",   "0.0.0.0",
                                    "10.*",      "192.168.*", "[fc00:*", "[fd00:*"};
  for (int second = 16; second < 32; ++second) {
    hosts.push_back("172." + std::to_string(second) + ".*");
  }
  return hosts;
}

/// Digits and points alone: "10.*" must not let "10.example.org" in.
bool IsNumeric(std::string_view host) {
  return host.find_first_not_of("0123456789.") == std::string_view::npos || host.starts_with('[');
}

bool IsLoopbackOrigin(std::string_view origin) {
  for (std::string_view scheme : {"http://", "https://"}) {
    if (!origin.starts_with(scheme)) continue;
    const std::string_view host = WithoutPort(origin.substr(scheme.size()));
    return std::find(kLoopback.begin(), kLoopback.end(), host) != kLoopback.end();
  }
  return false;
}

/// The page of this server: its origin has the name by which the server was asked. A browser leaves
/// the scheme's usual port out of both.
bool IsOwnOrigin(const net::HttpRequest& request, std::string_view origin) {
  for (std::string_view scheme : {"http://", "https://"}) {
    if (!origin.starts_with(scheme)) continue;
    return ToLower(origin.substr(scheme.size())) == ToLower(request.Find("Host"));
  }
  return false;
}

net::HttpResponse Plain(int status, std::string_view text) {
  net::HttpResponse response;
  response.status = status;
  response.content_type = "text/plain; charset=utf-8";
  response.body = std::string(text);
  return response;
}

}  // namespace

bool MatchesPattern(std::string_view pattern, std::string_view text) {
  size_t p = 0;
  size_t t = 0;
  size_t star = std::string_view::npos;  // the last `*`, and what it took so far
  size_t taken = 0;
  while (t < text.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      taken = t;
    } else if (p < pattern.size() && pattern[p] == text[t]) {
      ++p;
      ++t;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      t = ++taken;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

Guard::Guard(GuardOptions options) : options_(std::move(options)) {
  for (std::string& host : options_.allowed_hosts) host = ToLower(host);
  any_host_ = std::find(options_.allowed_hosts.begin(), options_.allowed_hosts.end(), "*") !=
              options_.allowed_hosts.end();
  any_origin_ = std::find(options_.allowed_origins.begin(), options_.allowed_origins.end(), "*") !=
                options_.allowed_origins.end();
}

bool Guard::HostAllowed(std::string_view header) const {
  const std::string host = ToLower(header);
  const std::string_view name = WithoutPort(host);
  if (name.empty()) return false;
  if (options_.allowed_hosts.empty()) {
    static const std::vector<std::string> kPrivate = PrivateHosts();
    return std::any_of(kPrivate.begin(), kPrivate.end(), [&](const std::string& pattern) {
      return MatchesPattern(pattern, name) &&
             (IsNumeric(name) || pattern.find('*') == std::string::npos);
    });
  }
  return std::any_of(options_.allowed_hosts.begin(), options_.allowed_hosts.end(),
                     [&](const std::string& pattern) {
                       return MatchesPattern(pattern, host) || MatchesPattern(pattern, name);
                     });
}

bool Guard::OriginAllowed(const net::HttpRequest& request, std::string_view origin) const {
  return IsLoopbackOrigin(origin) || (!any_host_ && IsOwnOrigin(request, origin)) ||
         std::any_of(options_.allowed_origins.begin(), options_.allowed_origins.end(),
                     [&](const std::string& pattern) { return MatchesPattern(pattern, origin); });
}

std::optional<net::HttpResponse> Guard::Intercept(const net::HttpRequest& request) const {
  const bool open = std::find(options_.open_paths.begin(), options_.open_paths.end(),
                              request.path) != options_.open_paths.end();
  if (!open && !HostAllowed(request.Find("Host"))) {
    return Plain(403, "Invalid Host header - possible DNS rebinding attack detected");
  }
  const std::string_view origin = request.Find("Origin");
  if (origin.empty()) return std::nullopt;
  if (request.method == "OPTIONS" && !request.Find("Access-Control-Request-Method").empty()) {
    return Preflight(request, origin);
  }
  const bool changes =
      std::find(kChanging.begin(), kChanging.end(), request.method) != kChanging.end();
  if (changes && !OriginAllowed(request, origin)) return Plain(403, "Cross-origin request blocked");
  return std::nullopt;
}

bool Guard::PassesPlainly(const net::RequestView& request) const {
  return request.Find("Origin").empty() && HostAllowed(request.Find("Host"));
}

void Guard::FinishPlainly(net::ResponseWriter* response) const {
  response->AddHeader("X-Content-Type-Options", "nosniff");
  if (options_.frame_options != "NONE") {
    response->AddHeader("X-Frame-Options", options_.frame_options);
  }
}

net::HttpResponse Guard::Preflight(const net::HttpRequest& request, std::string_view origin) const {
  if (!OriginAllowed(request, origin)) return Plain(400, "Disallowed CORS origin");
  net::HttpResponse response = Plain(204, "");
  response.headers.push_back(
      {"Access-Control-Allow-Methods", "GET, POST, PUT, DELETE, OPTIONS, PATCH"});
  const std::string_view headers = request.Find("Access-Control-Request-Headers");
  if (!headers.empty()) {
    response.headers.push_back({"Access-Control-Allow-Headers", std::string(headers)});
  }
  response.headers.push_back({"Access-Control-Max-Age", "600"});
  return response;
}

void Guard::Finish(const net::HttpRequest& request, net::HttpResponse* response) const {
  if (response->Find("X-Content-Type-Options").empty()) {
    response->headers.push_back({"X-Content-Type-Options", "nosniff"});
  }
  if (options_.frame_options != "NONE") {
    response->headers.push_back({"X-Frame-Options", options_.frame_options});
  }
  const std::string_view origin = request.Find("Origin");
  if (origin.empty() || !OriginAllowed(request, origin)) return;
  // Credentials and "anyone" exclude each other.
  response->headers.push_back(
      {"Access-Control-Allow-Origin", any_origin_ ? "*" : std::string(origin)});
  if (!any_origin_) {
    response->headers.push_back({"Access-Control-Allow-Credentials", "true"});
    response->headers.push_back({"Vary", "Origin"});
  }
  response->headers.push_back({"Access-Control-Expose-Headers", "*"});
}

}  // namespace quern::server
