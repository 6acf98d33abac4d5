#pragma once
// Measures of how two columns go together. Pure arithmetic over columns in memory; pairs with a
// missing side are left out (as pandas does). A value that does not exist (too few pairs, no
// spread) is nothing.
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace quern::data {

/// Row numbers by rising value, missing (NaN) ones left out; ties by row.
std::vector<uint32_t> SortOrder(std::span<const double> values);

/// Product-moment correlation of the pairs where neither is NaN.
std::optional<double> Pearson(std::span<const double> a, std::span<const double> b);

/// Pearson of the mid-ranks within the complete pairs. `order_*` are SortOrder() of each.
std::optional<double> Spearman(std::span<const double> a, std::span<const uint32_t> order_a,
                               std::span<const double> b, std::span<const uint32_t> order_b);

/// Bias-corrected Cramér's V (Bergsma 2013) of two categorical columns, chi-squared without
/// continuity correction; codes count from 0, -1 is missing.
std::optional<double> CramersV(std::span<const int32_t> a, std::span<const int32_t> b);

/// Correlation ratio eta = sqrt(between-group / total sum of squares) of numbers over groups.
std::optional<double> CorrelationRatio(std::span<const int32_t> groups,
                                       std::span<const double> values);

/// Area under the ROC curve of `scores` for label 1 against 0 (ties count half); `order` is
/// SortOrder(scores), labels of -1 are left out.
std::optional<double> RocAuc(std::span<const double> scores, std::span<const uint32_t> order,
                             std::span<const int32_t> labels);

}  // namespace quern::data
