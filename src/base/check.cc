#include "base/check.h"

#include <cstdio>
#include <cstdlib>

namespace quern {

void CheckFailed(const char* file, int line, const char* condition, std::string_view detail) {
  std::fprintf(stderr, "internal error: %s:%d: %s does not hold: %.*s\n", file, line, condition,
               static_cast<int>(detail.size()), detail.data());
  std::abort();
}

}  // namespace quern
