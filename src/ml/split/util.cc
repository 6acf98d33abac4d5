#include "ml/split/util.h"

#include <cmath>

#include "base/text.h"

namespace quern::ml {

std::vector<Split> SplitsOf(const std::vector<uint32_t>& fold_of, size_t folds) {
  std::vector<Split> splits(folds);
  for (uint32_t row = 0; row < fold_of.size(); ++row)
    for (size_t f = 0; f < folds; ++f)
      (fold_of[row] == f ? splits[f].test : splits[f].train).push_back(row);
  return splits;
}

std::vector<size_t> ClassCounts(const Target& target) {
  std::vector<size_t> counts(target.classes.size());
  for (const uint32_t k : target.index) ++counts[k];
  return counts;
}

Status CheckFolds(size_t folds, size_t count, const std::string& of_what) {
  if (folds < 2)
    return Fail(Code::kInvalidArgument, "folds is " + std::to_string(folds),
                "cross-validation needs at least 2 folds");
  if (folds > count)
    return Fail(Code::kInvalidArgument,
                std::to_string(folds) + " folds, but only " + std::to_string(count) + " " + of_what,
                "use at most " + std::to_string(count) + " folds");
  return {};
}

Result<size_t> TestRows(size_t rows, double test) {
  if (!(test > 0 && test < 1))
    return Fail(Code::kInvalidArgument, "test share is " + ShortestDouble(test),
                "use a share between 0 and 1, such as 0.2");
  const auto held = static_cast<size_t>(std::ceil(test * static_cast<double>(rows) - 1e-9));
  if (held == 0 || held >= rows)
    return Fail(Code::kInvalidArgument, "a test share of " + ShortestDouble(test) + " of " +
                                            std::to_string(rows) + " rows leaves an empty side");
  return held;
}

}  // namespace quern::ml
