#pragma once
// Broken invariants of our own abort with context; user, network and disk errors never do.
#include <string_view>

namespace quern {
[[noreturn]] void CheckFailed(const char* file, int line, const char* condition,
                              std::string_view detail);
}  // namespace quern

#define QUERN_CHECK(condition, detail)                                              \
  do {                                                                              \
    if (!(condition)) ::quern::CheckFailed(__FILE__, __LINE__, #condition, detail); \
  } while (false)
