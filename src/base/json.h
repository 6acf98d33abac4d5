#pragma once
// JSON in and out: boost::json documents behind strict parsing with positions and a readable
// writer. This header is light; include <boost/json.hpp> (or base/json_build.h) where documents are
// touched.
#include <boost/json/fwd.hpp>
#include <cstddef>
#include <string>
#include <string_view>

#include "base/result.h"

namespace quern {

namespace json = boost::json;

struct JsonOptions {
  /// Shown in error positions: a file name, or "" for a request body.
  std::string name;
  int max_depth = 64;
  /// Accept the tokens NaN, Infinity and -Infinity as numbers (some protocols send them).
  bool allow_nan = false;
};

/// Parses one document. Errors: kInvalidArgument with line and column; duplicate keys are errors.
Result<json::value> ParseJson(std::string_view text, const JsonOptions& options = {});

/// Compact text; doubles in their shortest exact form, non-finite ones as null, keys in given
/// order.
std::string WriteJson(const json::value& value);
/// Indented by two, for files that people read and git compares.
std::string WritePrettyJson(const json::value& value);

}  // namespace quern
