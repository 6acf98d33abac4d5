#include "base/byte_size.h"

#include <algorithm>
#include <array>
#include <string>

#include "base/text.h"

namespace quern {

Result<uint64_t> ParseByteSize(std::string_view text) {
  const size_t digits = text.find_first_not_of("0123456789");
  const std::string unit = ToLower(Trim(text.substr(std::min(digits, text.size()))));
  constexpr std::array<std::string_view, 5> kUnits = {"", "k", "m", "g", "t"};
  size_t power = 0;
  while (power < kUnits.size() && unit != kUnits[power] &&
         unit != std::string(kUnits[power]) + "b" && unit != std::string(kUnits[power]) + "ib") {
    ++power;
  }
  const auto value = ParseInt(text.substr(0, digits));
  if (power == kUnits.size() || !value || *value > (int64_t{1} << (61 - 10 * power))) {
    return Fail(Code::kInvalidArgument,
                "'" + std::string(text) + "' is not a number of bytes such as 67108864 or 64MB");
  }
  return static_cast<uint64_t>(*value) << (10 * power);
}

}  // namespace quern
