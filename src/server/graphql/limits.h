#pragma once
// How large a document may be that is answered at all: each level and each field costs work, and
// fragments let a short text ask for much.
#include <functional>
#include <optional>
#include <string>

#include "server/graphql/document.h"

namespace quern::server::graphql {

struct Limits {
  /// Bytes of a document.
  size_t text = 100'000;
  /// Fields within fields, fragments expanded.
  size_t depth = 10;
  /// Fields and fragments of a document, wherever they are spread.
  size_t selections = 1000;
  /// Fields of the operations themselves, of all together.
  size_t root_fields = 10;
  /// Aliases within one pair of braces.
  size_t aliases = 10;
};

/// With what MLFLOW_SERVER_GRAPHQL_MAX_ROOT_FIELDS and MLFLOW_SERVER_GRAPHQL_MAX_ALIASES say;
/// kInvalidArgument if one is no positive number.
Result<Limits> ReadLimits(const std::function<const char*(const char*)>& environment);

/// What a document exceeds, as its sender may know it.
std::optional<std::string> Exceeded(const Document& document, const Limits& limits);

}  // namespace quern::server::graphql
