#pragma once
// Answers of MLflow's REST calls as values of our own rooms. What is not there reads as empty.
#include <string>

#include "base/json.h"
#include "registry/types.h"
#include "tracking/types.h"

namespace quern::remote {

/// The object under `key`, or an empty one.
const json::object& ObjectAt(const json::value& value, std::string_view key);
/// The list under `key`, or an empty one.
const json::array& ListAt(const json::value& value, std::string_view key);
/// Numbers too, as text: ids come as either.
std::string TextAt(const json::object& object, std::string_view key);
/// Whole numbers come as numbers or as texts; 0 for anything else.
int64_t IntAt(const json::object& object, std::string_view key);

/// Of `{"info", "data", "inputs"}`.
tracking::Run ReadRun(const json::value& value);
/// Of a model version; its path is set if it carries the digest of a package.
registry::ModelVersion ReadModelVersion(const json::value& value);

}  // namespace quern::remote
