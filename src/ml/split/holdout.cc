#include <algorithm>
#include <cmath>
#include <numeric>

#include "ml/split.h"
#include "ml/split/util.h"

namespace quern::ml {
namespace {

Split FromMask(const std::vector<bool>& test) {
  Split split;
  for (uint32_t row = 0; row < test.size(); ++row)
    (test[row] ? split.test : split.train).push_back(row);
  return split;
}

/// Test rows per class: floors of the proportional shares, the rest by largest remainder; ties at
/// random (scikit-learn's _approximate_mode).
std::vector<size_t> Allocate(const std::vector<size_t>& counts, size_t draws, Rng& rng) {
  const auto total = static_cast<double>(std::accumulate(counts.begin(), counts.end(), size_t{0}));
  std::vector<size_t> shares(counts.size());
  std::vector<double> remainder(counts.size());
  size_t given = 0;
  for (size_t k = 0; k < counts.size(); ++k) {
    const double exact = static_cast<double>(counts[k]) / total * static_cast<double>(draws);
    shares[k] = static_cast<size_t>(std::floor(exact));
    remainder[k] = exact - std::floor(exact);
    given += shares[k];
  }
  std::vector<uint32_t> order = rng.Permutation(counts.size());
  std::stable_sort(order.begin(), order.end(),
                   [&](uint32_t a, uint32_t b) { return remainder[a] > remainder[b]; });
  for (size_t i = 0; given < draws; ++i, ++given) ++shares[order[i % order.size()]];
  return shares;
}

Split GroupHoldOut(const std::vector<uint32_t>& groups, size_t held, Rng rng) {
  const uint32_t n = 1 + *std::max_element(groups.begin(), groups.end());
  std::vector<size_t> sizes(n);
  for (const uint32_t g : groups) ++sizes[g];
  // Groups in random order, each taken if that brings the test side nearer to its size.
  std::vector<bool> taken(n);
  size_t rows = 0;
  for (const uint32_t g : rng.Permutation(n)) {
    const size_t over = rows + sizes[g] > held ? rows + sizes[g] - held : 0;
    const size_t under = held - std::min(held, rows);
    if (over > under || (rows > 0 && over == under)) continue;
    taken[g] = true;
    rows += sizes[g];
  }
  std::vector<bool> test(groups.size());
  for (size_t row = 0; row < groups.size(); ++row) test[row] = taken[groups[row]];
  return FromMask(test);
}

}  // namespace

Result<Split> PlainHoldOut(size_t rows, double test, Rng rng) {
  QUERN_ASSIGN(const size_t held, TestRows(rows, test));
  const std::vector<uint32_t> order = rng.Permutation(rows);
  std::vector<bool> mask(rows);
  for (size_t i = 0; i < held; ++i) mask[order[i]] = true;
  return FromMask(mask);
}

Result<Split> StratifiedHoldOut(const Target& target, double test, Rng rng) {
  QUERN_ASSIGN(const size_t held, TestRows(target.rows(), test));
  const std::vector<size_t> counts = ClassCounts(target);
  for (size_t k = 0; k < counts.size(); ++k)
    if (counts[k] == 1)
      return Fail(Code::kInvalidArgument,
                  "class '" + target.classes[k] + "' has 1 row: it cannot stand on both sides",
                  "merge or drop the class, or set stratify: false");
  if (std::min(held, target.rows() - held) < counts.size())
    return Fail(Code::kInvalidArgument,
                std::to_string(std::min(held, target.rows() - held)) + " rows on one side for " +
                    std::to_string(counts.size()) + " classes",
                "change the test share or set stratify: false");
  const std::vector<size_t> shares = Allocate(counts, held, rng);
  std::vector<size_t> left = shares;
  std::vector<bool> mask(target.rows());
  for (const uint32_t row : rng.Permutation(target.rows())) {
    size_t& more = left[target.index[row]];
    if (more == 0) continue;
    --more;
    mask[row] = true;
  }
  return FromMask(mask);
}

Result<Split> HoldOut(const SplitSpec& spec, const Target& target, const Rng& rng) {
  if (spec.groups && spec.times)
    return Fail(Code::kInvalidArgument, "both a group column and a time column split the rows",
                "declare one of them");
  if (spec.times) {
    QUERN_ASSIGN(const std::vector<uint32_t> order, TimeOrder(*spec.times));
    QUERN_ASSIGN(const size_t held, TestRows(order.size(), spec.test));
    std::vector<bool> mask(order.size());
    for (size_t i = order.size() - held; i < order.size(); ++i) mask[order[i]] = true;
    return FromMask(mask);
  }
  if (spec.groups) {
    QUERN_ASSIGN(const size_t held, TestRows(target.rows(), spec.test));
    Split split = GroupHoldOut(GroupIds(*spec.groups), held, rng.Fork("groups"));
    if (split.train.empty() || split.test.empty())
      return Fail(Code::kInvalidArgument,
                  "the groups of '" + spec.groups->name + "' cannot be split in two",
                  "a group hold-out needs at least two groups of moderate size");
    return split;
  }
  if (target.task != Task::kRegression && spec.stratify)
    return StratifiedHoldOut(target, spec.test, rng.Fork("holdout"));
  return PlainHoldOut(target.rows(), spec.test, rng.Fork("holdout"));
}

}  // namespace quern::ml
