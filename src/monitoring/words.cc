#include "monitoring/words.h"

#include <fmt/format.h>

namespace quern::monitoring {

std::string PercentText(double share) { return fmt::format("{:.3g} %", share * 100); }

std::string PText(double p) { return p < 0.001 ? "p < 0.001" : fmt::format("p = {:.2g}", p); }

}  // namespace quern::monitoring
