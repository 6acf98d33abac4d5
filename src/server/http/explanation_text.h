#pragma once
// Explanations as JSON, the same in every protocol.
#include <string>
#include <string_view>

#include "serving/explain.h"

namespace quern::server {

/// `"background": SOURCE, "explanations": [{"label"?, "class"?, "score", "base_value",
/// "contributions": [{"column", "value", "contribution", "standard_error"}], "rest"?: {"columns",
/// "contribution"}, "background_rows", "evaluations", "exact"}]`: members of an object, one
/// explanation per row. docs/serving.md says what they mean.
void AppendExplanation(std::string* out, const serving::Explanation& explained);

/// Its parts: what `background` says, and one row's explanation.
std::string_view BackgroundName(const serving::Explanation& explained);
void AppendRowExplanation(std::string* out, const serving::Explanation& explained, size_t row);

}  // namespace quern::server
