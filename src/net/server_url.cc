#include "net/server_url.h"

#include <algorithm>

#include "base/text.h"

namespace quern::net {
namespace {

constexpr uint16_t kHttpPort = 80;
constexpr uint16_t kHttpsPort = 443;

std::unexpected<Error> Bad(std::string message) {
  return Fail(Code::kInvalidArgument, std::move(message), "as in http://127.0.0.1:5000");
}

bool HostCharacter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_';
}

bool PathCharacter(char c) { return c > ' ' && c < 0x7f && c != '?' && c != '#' && c != '\\'; }

/// The host, and what stands behind it: "" or ":5000".
Result<std::string_view> ReadHost(std::string_view authority, ServerUrl& url) {
  if (StartsWith(authority, "[")) {
    const size_t end = authority.find(']');
    if (end == std::string_view::npos) return Bad("'" + std::string(authority) + "' has no ']'");
    url.host = ToLower(authority.substr(1, end - 1));
    const bool good =
        !url.host.empty() && url.host.find_first_not_of("0123456789abcdef:.") == std::string::npos;
    if (!good) return Bad("'" + std::string(authority) + "' is not an address");
    return authority.substr(end + 1);
  }
  const size_t colon = std::min(authority.find(':'), authority.size());
  url.host = ToLower(authority.substr(0, colon));
  if (url.host.empty() || !std::all_of(url.host.begin(), url.host.end(), HostCharacter)) {
    return Bad("'" + std::string(authority) + "' names no host");
  }
  return authority.substr(colon);
}

}  // namespace

std::string HostAndPort(const std::string& host, uint16_t port) {
  const bool v6 = host.find(':') != std::string::npos;
  return (v6 ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

std::string ServerUrl::Text() const {
  std::string address = HostAndPort(host, port);
  if (port == (tls ? kHttpsPort : kHttpPort)) address.resize(address.rfind(':'));
  return (tls ? "https://" : "http://") + address + path;
}

Result<ServerUrl> ParseServerUrl(std::string_view text) {
  ServerUrl url;
  const size_t mark = text.find("://");
  const std::string scheme = mark == std::string_view::npos ? "" : ToLower(text.substr(0, mark));
  std::string_view rest = mark == std::string_view::npos ? "" : text.substr(mark + 3);
  const size_t slash = std::min(rest.find_first_of("/?#"), rest.size());
  const std::string_view authority = rest.substr(0, slash);
  if (authority.find('@') != std::string_view::npos) {
    return Bad(
        "the URL holds a name or password, which would be shown in places where it must not");
  }
  if (scheme != "http" && scheme != "https") {
    return Bad("'" + std::string(text) + "' is not the http(s) URL of a server");
  }
  url.tls = scheme == "https";
  QUERN_ASSIGN(const std::string_view behind, ReadHost(authority, url));
  url.port = url.tls ? kHttpsPort : kHttpPort;
  if (!behind.empty()) {
    const auto port = StartsWith(behind, ":") ? ParseInt(behind.substr(1)) : std::nullopt;
    if (!port || *port < 1 || *port > 65535) {
      return Bad("'" + std::string(behind) + "' of '" + std::string(text) + "' is not a port");
    }
    url.port = static_cast<uint16_t>(*port);
  }
  url.path = rest.substr(slash);
  while (!url.path.empty() && url.path.back() == '/') url.path.pop_back();
  if (!std::all_of(url.path.begin(), url.path.end(), PathCharacter)) {
    return Bad("'" + std::string(text) + "' has more than a path behind the host");
  }
  return url;
}

}  // namespace quern::net
