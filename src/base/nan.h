#pragma once

#include <limits>

namespace quern {

/// What is not known, among doubles: a missing cell, a statistic of no rows.
inline constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

}  // namespace quern
