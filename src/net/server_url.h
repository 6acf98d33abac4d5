#pragma once
// The address of a server as users write it.
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace quern::net {

struct ServerUrl {
  bool tls = false;
  std::string host;  // without the brackets of an IPv6 address
  uint16_t port = 0;
  std::string path;  // what stands before every path, "" or "/mlflow"

  /// One spelling: lower case, the port only where it is not the usual one, no slash at the end.
  std::string Text() const;
};

/// `http://HOST[:PORT][/PATH]` or https. kInvalidArgument for anything else, names and passwords in
/// it included; messages do not repeat these.
Result<ServerUrl> ParseServerUrl(std::string_view text);

/// "[::1]:80" or "example.org:80".
std::string HostAndPort(const std::string& host, uint16_t port);

}  // namespace quern::net
