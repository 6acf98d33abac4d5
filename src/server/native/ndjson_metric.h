#pragma once
// The hot path of bulk lines: the record of a metric, read in one pass.
#include <optional>
#include <string_view>

#include "tracking/metric_chunk.h"

namespace quern::server::native {

struct PlainMetric {
  std::string_view run_id;
  std::string_view key;
  tracking::Point point;
};

/// A line whose record is that of a metric as programs write it: the known fields, each once, its
/// texts in ASCII without escapes, its value a number within a double's range. Nothing for any
/// other line, good or bad: whoever calls reads it with all of JSON's rules, or says what is wrong.
std::optional<PlainMetric> ReadPlainMetric(std::string_view line);

}  // namespace quern::server::native
