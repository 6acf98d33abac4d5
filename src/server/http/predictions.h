#pragma once
// Scores written as JSON lists: shared by the protocol rooms.
#include <string>
#include <vector>

#include "serving/model.h"

namespace quern::server {

/// Flat list of numbers.
void AppendNumbers(std::string* out, const std::vector<double>& values);
/// List of rows of `width` numbers.
void AppendNumberRows(std::string* out, const std::vector<double>& values, size_t width);
/// The decided class of each row, as number or text.
void AppendLabels(std::string* out, const serving::Signature& signature, const ml::Scores& scores);
void AppendIds(std::string* out, const std::vector<std::string>& ids);

}  // namespace quern::server
