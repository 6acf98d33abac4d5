#pragma once
#include <cmath>

namespace quern::stats {

/// The logarithm of the gamma function of a positive number. std::lgamma, but for the sign that it
/// leaves in a global variable, over which threads would race.
inline double LogGamma(double x) {
  int sign = 0;
  return ::lgamma_r(x, &sign);
}

}  // namespace quern::stats
