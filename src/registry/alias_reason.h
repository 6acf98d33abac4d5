#pragma once
// Why programs move aliases, in words that their records share.

namespace quern::registry {

/// Of a release: the same from the server that carries it out and from the run that waits for it,
/// whichever comes first.
inline constexpr char kMovedByRelease[] = "moved by a release";

}  // namespace quern::registry
