#pragma once
// Shared by the splitters; private to ml/split.
#include <string>
#include <vector>

#include "ml/split.h"

namespace quern::ml {

/// One split per fold from the fold number of every row.
std::vector<Split> SplitsOf(const std::vector<uint32_t>& fold_of, size_t folds);
/// Rows per class of a classification target.
std::vector<size_t> ClassCounts(const Target& target);
/// At least 2 folds and at most one per row.
Status CheckFolds(size_t folds, size_t count, const std::string& of_what);
/// 0 < test < 1, and both sides non-empty; the number of test rows.
Result<size_t> TestRows(size_t rows, double test);

}  // namespace quern::ml
