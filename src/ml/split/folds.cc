#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <numeric>

#include "ml/split.h"
#include "ml/split/util.h"

namespace quern::ml {
namespace {

double Deviation(std::span<const double> values) {
  const auto n = static_cast<double>(values.size());
  const double mean = std::accumulate(values.begin(), values.end(), 0.0) / n;
  double sum = 0;
  for (const double v : values) sum += (v - mean) * (v - mean);
  return std::sqrt(sum / n);
}

Status CheckClassFolds(const Target& target, size_t folds) {
  QUERN_TRY(CheckFolds(folds, target.rows(), "rows"));
  const std::vector<size_t> counts = ClassCounts(target);
  for (size_t k = 0; k < counts.size(); ++k)
    if (counts[k] < folds)
      return Fail(Code::kInvalidArgument,
                  std::to_string(folds) + " folds, but class '" + target.classes[k] +
                      "' has only " + std::to_string(counts[k]) +
                      (counts[k] == 1 ? " row" : " rows"),
                  "use at most " + std::to_string(counts[k]) +
                      " folds, or merge or drop the class, or set stratify: false");
  return {};
}

/// Classes numbered by first appearance, as scikit-learn does.
std::vector<uint32_t> ByAppearance(const Target& target) {
  std::vector<uint32_t> code(target.classes.size(), std::numeric_limits<uint32_t>::max());
  std::vector<uint32_t> encoded;
  encoded.reserve(target.rows());
  uint32_t next = 0;
  for (const uint32_t k : target.index) {
    if (code[k] == std::numeric_limits<uint32_t>::max()) code[k] = next++;
    encoded.push_back(code[k]);
  }
  return encoded;
}

/// Mean over classes of the spread between folds of the class's share, if `group` went to `fold`.
double Imbalance(const std::vector<std::vector<double>>& per_fold, size_t fold,
                 const std::vector<double>& group, const std::vector<size_t>& totals) {
  double sum = 0;
  std::vector<double> shares(per_fold.size());
  for (size_t k = 0; k < totals.size(); ++k) {
    for (size_t f = 0; f < per_fold.size(); ++f)
      shares[f] = (per_fold[f][k] + (f == fold ? group[k] : 0)) / static_cast<double>(totals[k]);
    sum += Deviation(shares);
  }
  return sum / static_cast<double>(totals.size());
}

size_t BestFold(const std::vector<std::vector<double>>& per_fold, const std::vector<double>& group,
                const std::vector<size_t>& totals) {
  double least = std::numeric_limits<double>::infinity();
  double least_rows = std::numeric_limits<double>::infinity();
  size_t best = 0;
  for (size_t f = 0; f < per_fold.size(); ++f) {
    const double spread = Imbalance(per_fold, f, group, totals);
    const double rows = std::accumulate(per_fold[f].begin(), per_fold[f].end(), 0.0);
    const bool near = std::abs(spread - least) <= 1e-8 + 1e-5 * std::abs(least);
    if (spread < least || (near && rows < least_rows)) {
      least = spread;
      least_rows = rows;
      best = f;
    }
  }
  return best;
}

uint32_t GroupCount(std::span<const uint32_t> groups) {
  return groups.empty() ? 0 : 1 + *std::max_element(groups.begin(), groups.end());
}

Result<std::vector<Split>> OneRepeat(const SplitSpec& spec, const Target& target, const Rng& rng) {
  const bool classes = target.task != Task::kRegression && spec.stratify;
  if (spec.groups) {
    const std::vector<uint32_t> groups = GroupIds(*spec.groups);
    if (classes) return StratifiedGroupKFold(target, groups, spec.folds, rng);
    return GroupKFold(groups, spec.folds);
  }
  if (classes) return StratifiedKFold(target, spec.folds, rng);
  return KFold(target.rows(), spec.folds, rng);
}

}  // namespace

Result<std::vector<Split>> KFold(size_t rows, size_t folds, Rng rng) {
  QUERN_TRY(CheckFolds(folds, rows, "rows"));
  const std::vector<uint32_t> order = rng.Permutation(rows);
  std::vector<uint32_t> fold_of(rows);
  // The first rows % folds folds have one row more.
  for (size_t f = 0, at = 0; f < folds; ++f)
    for (size_t i = rows / folds + (f < rows % folds ? 1 : 0); i > 0; --i)
      fold_of[order[at++]] = static_cast<uint32_t>(f);
  return SplitsOf(fold_of, folds);
}

Result<std::vector<Split>> StratifiedKFold(const Target& target, size_t folds, Rng rng) {
  QUERN_TRY(CheckClassFolds(target, folds));
  const std::vector<uint32_t> encoded = ByAppearance(target);
  std::vector<uint32_t> sorted = encoded;
  std::sort(sorted.begin(), sorted.end());
  // Round robin over the sorted labels says how many rows of a class each fold takes.
  std::vector<std::vector<uint32_t>> folds_of_class(target.classes.size());
  for (size_t f = 0; f < folds; ++f)
    for (size_t i = f; i < sorted.size(); i += folds)
      folds_of_class[sorted[i]].push_back(static_cast<uint32_t>(f));
  for (auto& list : folds_of_class) rng.Shuffle(std::span(list));
  std::vector<size_t> next(target.classes.size());
  std::vector<uint32_t> fold_of(encoded.size());
  for (size_t row = 0; row < encoded.size(); ++row)
    fold_of[row] = folds_of_class[encoded[row]][next[encoded[row]]++];
  return SplitsOf(fold_of, folds);
}

Result<std::vector<Split>> GroupKFold(std::span<const uint32_t> groups, size_t folds) {
  const uint32_t n = GroupCount(groups);
  QUERN_TRY(CheckFolds(folds, n, "groups"));
  std::vector<size_t> sizes(n);
  for (const uint32_t g : groups) ++sizes[g];
  std::vector<uint32_t> order(n);
  std::iota(order.begin(), order.end(), 0u);
  std::stable_sort(order.begin(), order.end(),
                   [&](uint32_t a, uint32_t b) { return sizes[a] < sizes[b]; });
  std::vector<size_t> load(folds);
  std::vector<uint32_t> fold_of_group(n);
  for (auto g = order.rbegin(); g != order.rend(); ++g) {
    const auto lightest = std::min_element(load.begin(), load.end());
    *lightest += sizes[*g];
    fold_of_group[*g] = static_cast<uint32_t>(lightest - load.begin());
  }
  std::vector<uint32_t> fold_of;
  for (const uint32_t g : groups) fold_of.push_back(fold_of_group[g]);
  return SplitsOf(fold_of, folds);
}

Result<std::vector<Split>> StratifiedGroupKFold(const Target& target,
                                                std::span<const uint32_t> groups, size_t folds,
                                                Rng rng) {
  QUERN_TRY(CheckClassFolds(target, folds));
  const uint32_t n = GroupCount(groups);
  QUERN_TRY(CheckFolds(folds, n, "groups"));
  const size_t classes = target.classes.size();
  std::vector<std::vector<double>> per_group(n, std::vector<double>(classes));
  for (size_t row = 0; row < groups.size(); ++row) per_group[groups[row]][target.index[row]] += 1;
  std::vector<double> spread(n);
  for (uint32_t g = 0; g < n; ++g) spread[g] = Deviation(per_group[g]);
  std::vector<uint32_t> order = rng.Permutation(n);
  std::stable_sort(order.begin(), order.end(),
                   [&](uint32_t a, uint32_t b) { return spread[a] > spread[b]; });
  const std::vector<size_t> totals = ClassCounts(target);
  std::vector<std::vector<double>> per_fold(folds, std::vector<double>(classes));
  std::vector<uint32_t> fold_of_group(n);
  for (const uint32_t g : order) {
    const size_t best = BestFold(per_fold, per_group[g], totals);
    for (size_t k = 0; k < classes; ++k) per_fold[best][k] += per_group[g][k];
    fold_of_group[g] = static_cast<uint32_t>(best);
  }
  std::vector<uint32_t> fold_of;
  for (const uint32_t g : groups) fold_of.push_back(fold_of_group[g]);
  return SplitsOf(fold_of, folds);
}

Result<std::vector<Split>> TimeSeriesSplit(std::span<const uint32_t> order, size_t folds,
                                           size_t gap) {
  const size_t n = order.size();
  QUERN_TRY(CheckFolds(folds, n > 0 ? n - 1 : 0, "rows after the first"));
  const size_t size = n / (folds + 1);
  if (size == 0 || n <= gap + size * folds)
    return Fail(Code::kInvalidArgument,
                std::to_string(folds) + " time folds with a gap of " + std::to_string(gap) +
                    " do not fit into " + std::to_string(n) + " rows",
                "use fewer folds or a smaller gap");
  std::vector<Split> splits;
  for (size_t start = n - folds * size; start < n; start += size) {
    Split split;
    split.train.assign(order.begin(), order.begin() + static_cast<ptrdiff_t>(start - gap));
    split.test.assign(order.begin() + static_cast<ptrdiff_t>(start),
                      order.begin() + static_cast<ptrdiff_t>(start + size));
    std::sort(split.train.begin(), split.train.end());
    std::sort(split.test.begin(), split.test.end());
    splits.push_back(std::move(split));
  }
  return splits;
}

Result<std::vector<Split>> Folds(const SplitSpec& spec, const Target& target, const Rng& rng) {
  if (spec.repeats == 0) return Fail(Code::kInvalidArgument, "repeats is 0", "use at least 1");
  if (spec.groups && spec.times)
    return Fail(Code::kInvalidArgument, "both a group column and a time column split the rows",
                "declare one of them");
  if (spec.times) {
    if (spec.repeats > 1)
      return Fail(Code::kInvalidArgument,
                  "repeats is " + std::to_string(spec.repeats) + " for time splits",
                  "time splits are not random: use repeats: 1");
    QUERN_ASSIGN(const std::vector<uint32_t> order, TimeOrder(*spec.times));
    return TimeSeriesSplit(order, spec.folds);
  }
  std::vector<Split> all;
  for (size_t r = 0; r < spec.repeats; ++r) {
    QUERN_ASSIGN(std::vector<Split> splits, OneRepeat(spec, target, rng.Fork("folds").Fork(r)));
    for (Split& split : splits) all.push_back(std::move(split));
  }
  return all;
}

std::vector<uint32_t> GroupIds(const Column& column) {
  std::vector<uint32_t> ids;
  std::map<double, uint32_t> by_number;
  std::map<std::string_view, uint32_t> by_text;
  uint32_t next = 0;
  for (size_t row = 0; row < column.size(); ++row) {
    if (column.Missing(row)) {
      ids.push_back(next++);
      continue;
    }
    uint32_t id = next;
    if (column.is_text) {
      id = by_text.try_emplace(column.texts[row], next).first->second;
    } else {
      id = by_number.try_emplace(column.numbers[row], next).first->second;
    }
    if (id == next) ++next;
    ids.push_back(id);
  }
  return ids;
}

Result<std::vector<uint32_t>> TimeOrder(const Column& column) {
  std::vector<uint32_t> order(column.size());
  std::iota(order.begin(), order.end(), 0u);
  for (const uint32_t row : order)
    if (column.Missing(row))
      return Fail(Code::kInvalidArgument,
                  "time column '" + column.name + "' is missing in row " + std::to_string(row + 1),
                  "drop the row or fill the time in");
  std::stable_sort(order.begin(), order.end(), [&](uint32_t a, uint32_t b) {
    return column.is_text ? column.texts[a] < column.texts[b]
                          : column.numbers[a] < column.numbers[b];
  });
  return order;
}

}  // namespace quern::ml
