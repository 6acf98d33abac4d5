#pragma once
// How many connections a server may have open at once.
#include <cstddef>

namespace quern::net {

/// What servers of ours take: clients keep theirs open between calls.
inline constexpr size_t kManyConnections = 8192;

/// Raises this process's limit of open files as far as it may, up to 65,536: a connection takes
/// one, and the usual limit is 1024. One that cannot be raised stays.
void AllowManyConnections();

}  // namespace quern::net
