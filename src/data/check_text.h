#pragma once
// The sentences of a check report.
#include <optional>
#include <string>

#include "data/check.h"

namespace quern::data {

/// A bound or an observed value: a number in its shortest form, or a date or time.
std::string BoundText(double value, bool is_time);
/// The distinct values among the examples, in order: "3, 4", or nothing.
std::optional<std::string> StrangeValues(const CheckOutcome& outcome);
/// "chol is between 1 and 700: 123 of 123 values are not (0, 0, 0, …)".
std::string Sentence(const CheckOutcome& outcome, int64_t rows);

}  // namespace quern::data
