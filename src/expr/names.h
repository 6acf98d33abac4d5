#pragma once
// Inside of expr/ only: the one table of functions and operators.
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "expr/expr.h"

namespace quern::expr {

struct FunctionInfo {
  std::string_view name;
  Kind kind;
  size_t min_arguments;
  size_t max_arguments;
};
std::span<const FunctionInfo> Functions();
/// Nothing for kinds that are not functions.
std::optional<FunctionInfo> FunctionOf(Kind kind);
/// "+", "AND", "<>", … or "" for kinds that are not binary operators.
std::string_view OperatorOf(Kind kind);

}  // namespace quern::expr
