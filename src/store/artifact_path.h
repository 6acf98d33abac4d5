#pragma once
// What a path of an artifact may be. Pure: text in, text out.
#include <string>
#include <string_view>

#include "base/result.h"

namespace quern::store {

/// Checks a path that was percent-decoded once: "1/run/model/MLmodel". Gives it back unchanged, or
/// kInvalidArgument "Invalid path" with the reason as hint: empty, absolute (also as Windows has
/// it), a part that is empty, "." or "..", a backslash, a control character, text that is not
/// UTF-8, longer than file systems take, or percent signs that would decode to any of these,
/// however often they are encoded. "50%.txt" and "a%20b" are good names of files.
Result<std::string> CleanArtifactPath(std::string_view text);

/// A path as messages name it.
inline std::string QuotedPath(std::string_view path) { return "'" + std::string(path) + "'"; }

}  // namespace quern::store
