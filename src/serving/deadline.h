#pragma once
// When a request is late.
#include "base/result.h"
#include "base/time.h"

namespace quern::serving {

/// kDeadlineExceeded once `now` has reached `deadline`, both of MonotonicSeconds(); 0 = none.
inline Status CheckDeadline(double deadline, double now) {
  if (deadline == 0 || now < deadline) return {};
  return Fail(Code::kDeadlineExceeded, "Request processing time exceeded limit",
              "send fewer rows, or allow more time");
}
inline Status CheckDeadline(double deadline) {
  return deadline == 0 ? Status() : CheckDeadline(deadline, MonotonicSeconds());
}

}  // namespace quern::serving
