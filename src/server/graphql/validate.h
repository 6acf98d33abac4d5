#pragma once
// A document held against the schema before any of it is executed (specification, section 5).
#include <string>
#include <vector>

#include "server/graphql/schema.h"

namespace quern::server::graphql {

/// What is wrong with it, in the order of its text, at most kMaxErrors; nothing if it may be
/// executed. The document must be within its limits (limits.h).
std::vector<std::string> Validate(const Schema& schema, const Document& document);

}  // namespace quern::server::graphql
