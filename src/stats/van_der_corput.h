#pragma once
// For tests: points between 0 and 1 without random numbers, the same in every language.
#include <cstdint>

namespace quern::stats {

/// The digits of `i` to `base` behind the point, the last one first.
inline double VanDerCorput(uint64_t i, uint64_t base) {
  double x = 0;
  double scale = 1;
  for (; i > 0; i /= base) {
    scale /= static_cast<double>(base);
    x += scale * static_cast<double>(i % base);
  }
  return x;
}

}  // namespace quern::stats
