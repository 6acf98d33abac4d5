#pragma once
// Bounded parallelism for independent pieces of work; results must not depend on `threads`.
#include <cstddef>
#include <functional>

#include "base/cancel.h"

namespace quern {

/// Runs body(0) … body(n-1) on up to `threads` threads. Stops handing out work at the first error
/// or cancellation; returns the error of the smallest failed index. `body` must be thread-safe.
Status ParallelFor(size_t n, size_t threads, const std::function<Status(size_t)>& body,
                   const CancelToken* cancel = nullptr);
/// Cores that this process may use, at least 1.
size_t AvailableCores();

}  // namespace quern
