#pragma once
// For tests that something allocates nothing: how often the calling thread has allocated. Whoever
// links this has the global operator new replaced by one that counts.
#include <cstddef>

namespace quern {

/// Sanitizers bring an allocator of their own: under them nothing is counted.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
inline constexpr bool kCountsAllocations = false;
#else
inline constexpr bool kCountsAllocations = true;
#endif

/// Calls of operator new by this thread so far; 0 where nothing is counted.
size_t Allocations();

}  // namespace quern
