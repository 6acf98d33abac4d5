#pragma once
// Answers a GraphQL request: parsed, limited, validated, and executed against a backend.
#include <optional>
#include <string>
#include <string_view>

#include "server/graphql/limits.h"
#include "server/graphql/schema.h"

namespace quern::server::graphql {

struct Request {
  std::string_view query;
  /// "": the document's only operation.
  std::string_view operation;
  /// A JSON object, if there are any.
  std::optional<JsonRef> variables;
};

/// `{"data": …, "errors": null}`. Errors are a list of texts, as MLflow's page wants them, not of
/// objects; a field that failed is null in the data, and all of the data is null if the request
/// could not be executed. What a source lacks has its type's default, as a protobuf message has it:
/// "", 0, false, the first value of an enum, an empty list, an object of defaults.
std::string Execute(const Schema& schema, const Limits& limits, Backend& backend,
                    const Request& request);

}  // namespace quern::server::graphql
