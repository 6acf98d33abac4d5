#pragma once
// The socket that a server listens on.
#include <cstdint>
#include <string>

#include "base/fd.h"
#include "base/result.h"

namespace quern::net {

/// A non-blocking socket that listens. `host` is a numeric address or "localhost"; port 0 takes a
/// free one. kInvalidArgument for a host that is no address, kUnavailable if the port is taken or
/// the address is not of this machine, kPermissionDenied if it may not be used.
Result<UniqueFd> ListenOn(const std::string& host, uint16_t port);

/// The port of a socket that listens.
uint16_t PortOf(int fd);

}  // namespace quern::net
