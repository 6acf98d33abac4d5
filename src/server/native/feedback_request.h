#pragma once
// The body of POST /v1/feedback: labels by prediction id.
#include <string_view>
#include <vector>

#include "base/result.h"
#include "serving/feedback.h"

namespace quern::server::native {

/// One object `{prediction_id, label, label_time?, source?}` or a list of them. `label` is text, a
/// number or a boolean (1 or 0); `label_time` is "2026-11-24T16:54:29Z", a date, or milliseconds
/// since 1970.
Result<std::vector<serving::Label>> ParseJsonFeedback(std::string_view body);
/// A header row with the same names.
Result<std::vector<serving::Label>> ParseCsvFeedback(std::string_view body);

}  // namespace quern::server::native
