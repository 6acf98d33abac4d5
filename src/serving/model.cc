#include "serving/model.h"

#include <cmath>

#include "base/text.h"

namespace quern::serving {
namespace {
constexpr double kExactIntegers = 9007199254740992.0;  // 2^53
}  // namespace

LabelType LabelTypeOf(const Signature& signature) {
  if (!signature.numeric_classes) return LabelType::kText;
  LabelType type = LabelType::kInteger;
  for (const std::string& label : signature.classes) {
    auto number = ParseDouble(label);
    if (!number) return LabelType::kText;
    if (*number != std::floor(*number) || std::abs(*number) > kExactIntegers) {
      type = LabelType::kDouble;
    }
  }
  return type;
}

}  // namespace quern::serving
