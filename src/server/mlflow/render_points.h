#pragma once
// Points of one metric in answers that hold thousands of them: what is the same in all is written
// out once.
#include <span>
#include <string>
#include <string_view>

#include "tracking/metric_chunk.h"

namespace quern::server::mlflow {

/// `{"key", "value", "timestamp", "step"}` per point, and `"run_id"` unless it is "", with commas
/// between. A comma comes first unless `out` ends with '['.
void AppendPoints(std::string* out, std::string_view key, std::string_view run_id,
                  std::span<const tracking::Point> points);
/// The same as get-history-bulk has it: not an answer of protobuf, so the fields have another order
/// and NaN and infinities are bare tokens.
void AppendBulkPoints(std::string* out, std::string_view key, std::string_view run_id,
                      std::span<const tracking::Point> points);

}  // namespace quern::server::mlflow
