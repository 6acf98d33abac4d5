#pragma once
// Numbers as the sentences of this room write them.
#include <string>

namespace quern::monitoring {

/// "12.3 %".
std::string PercentText(double share);
/// "p = 0.031" or "p < 0.001".
std::string PText(double p);

}  // namespace quern::monitoring
