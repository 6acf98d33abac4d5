#pragma once
// Reading both sides of a column into what tests take: finite numbers, or counts per category.
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/frame.h"
#include "monitoring/drift.h"

namespace quern::monitoring {

/// Finite numbers of a column in row order; text cells are parsed. The rest (missing, infinite,
/// other text) is what rows - size misses.
std::vector<double> NumbersOf(const Column& column);

/// Category labels of the rows that have one, in row order. With `by_number`, cells that parse as
/// numbers become their shortest form, so that 1, 1.0 and 01 are one category; other text is
/// trimmed.
std::vector<std::string> LabelsOf(const Column& column, bool by_number);

/// Every value that is not missing is a number.
bool AllNumbers(const Column& column);

/// Ascending: by number where both are numbers, numbers before text, text by bytes.
void SortLabels(std::vector<std::string>& labels);

/// Labels of both sides, sorted and distinct, and how often each occurs.
struct LabelCounts {
  std::vector<std::string> labels;
  std::vector<double> reference;
  std::vector<double> current;
};
LabelCounts CountLabels(const std::vector<std::string>& reference,
                        const std::vector<std::string>& current);

/// Largest categories kept, the others summed up as "(other)", so that a picture stays readable.
LabelCounts Largest(const LabelCounts& counts, size_t limit);

/// counts / sum, zeros where nothing was counted.
std::vector<double> SharesOrZeros(const std::vector<double>& counts);

}  // namespace quern::monitoring
