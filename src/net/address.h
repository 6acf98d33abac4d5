#pragma once
// Addresses of machines, and which of them a stranger may make this one connect to.
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

struct sockaddr;

namespace quern::net {

/// Whether a numeric address belongs to the public internet: not this machine, a private network, a
/// link, a group or a reserved block, nor an IPv6 form that carries such an IPv4 address. False for
/// text that is no address.
bool IsPublicAddress(std::string_view address);
bool IsPublicAddress(const sockaddr* address);

/// The numeric addresses of a host name or numeric address. kUnavailable if it has none.
Result<std::vector<std::string>> ResolveHost(const std::string& host);

}  // namespace quern::net
