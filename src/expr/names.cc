#include "expr/names.h"

#include <array>
#include <limits>

namespace quern::expr {
namespace {

constexpr size_t kMany = std::numeric_limits<size_t>::max();
constexpr std::array<FunctionInfo, 10> kFunctions = {{
    {"abs", Kind::kAbs, 1, 1},
    {"ln", Kind::kLn, 1, 1},
    {"exp", Kind::kExp, 1, 1},
    {"sqrt", Kind::kSqrt, 1, 1},
    {"floor", Kind::kFloor, 1, 1},
    {"round", Kind::kRound, 1, 1},
    {"pow", Kind::kPow, 2, 2},
    {"coalesce", Kind::kCoalesce, 1, kMany},
    {"least", Kind::kLeast, 1, kMany},
    {"greatest", Kind::kGreatest, 1, kMany},
}};

}  // namespace

std::span<const FunctionInfo> Functions() { return kFunctions; }

std::optional<FunctionInfo> FunctionOf(Kind kind) {
  for (const FunctionInfo& function : kFunctions) {
    if (function.kind == kind) return function;
  }
  return std::nullopt;
}

std::string_view OperatorOf(Kind kind) {
  switch (kind) {
    case Kind::kAdd:
      return "+";
    case Kind::kSubtract:
      return "-";
    case Kind::kMultiply:
      return "*";
    case Kind::kDivide:
      return "/";
    case Kind::kModulo:
      return "%";
    case Kind::kEqual:
      return "=";
    case Kind::kNotEqual:
      return "<>";
    case Kind::kLess:
      return "<";
    case Kind::kLessEqual:
      return "<=";
    case Kind::kGreater:
      return ">";
    case Kind::kGreaterEqual:
      return ">=";
    case Kind::kAnd:
      return "AND";
    case Kind::kOr:
      return "OR";
    default:
      return "";
  }
}

}  // namespace quern::expr
