#pragma once
// For tests: how often the calling thread has allocated.
#include <cstdint>

namespace quern::deploy {

uint64_t Allocations();

}  // namespace quern::deploy
