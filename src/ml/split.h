#pragma once
// Who is trained on and who is tested on: hold-outs and folds. Deterministic in (data, seed of the
// generator); no row is ever in both sides of a split. Indices are ascending.
#include <cstdint>
#include <span>
#include <vector>

#include "base/frame.h"
#include "base/random.h"
#include "base/result.h"
#include "ml/fit.h"

namespace quern::ml {

struct Split {
  std::vector<uint32_t> train;
  std::vector<uint32_t> test;
};

/// What a project declares. A time column gives time splits, a group column group splits
/// (stratified by group for classification), otherwise stratified or plain ones; both together are
/// an error.
struct SplitSpec {
  double test = 0.2;  // share of rows held out, in (0, 1)
  bool stratify = true;
  size_t folds = 5;
  size_t repeats = 1;
  const Column* groups = nullptr;  // borrowed, aligned with the target's rows
  const Column* times = nullptr;
};

/// The hold-out that `spec` asks for. Times: the last rows. Groups: whole groups until the share is
/// met.
Result<Split> HoldOut(const SplitSpec& spec, const Target& target, const Rng& rng);
/// folds x repeats splits, repeats outermost. Time splits cannot be repeated.
Result<std::vector<Split>> Folds(const SplitSpec& spec, const Target& target, const Rng& rng);

/// Each class in proportion, sizes by largest remainder (as StratifiedShuffleSplit).
/// kInvalidArgument: a class with fewer than two rows, a side smaller than the number of classes.
Result<Split> StratifiedHoldOut(const Target& target, double test, Rng rng);
Result<Split> PlainHoldOut(size_t rows, double test, Rng rng);

/// Fold sizes differ by at most one; rows shuffled.
Result<std::vector<Split>> KFold(size_t rows, size_t folds, Rng rng);
/// scikit-learn's StratifiedKFold(shuffle): allocation by first appearance of classes, test sizes
/// per class differ by at most one. More folds than rows of a class: kInvalidArgument naming class
/// and count.
Result<std::vector<Split>> StratifiedKFold(const Target& target, size_t folds, Rng rng);
/// `groups`: an id below the number of groups per row. Largest groups first to the lightest fold.
Result<std::vector<Split>> GroupKFold(std::span<const uint32_t> groups, size_t folds);
/// Groups whole, class shares as even as they can be (scikit-learn's StratifiedGroupKFold).
Result<std::vector<Split>> StratifiedGroupKFold(const Target& target,
                                                std::span<const uint32_t> groups, size_t folds,
                                                Rng rng);
/// Growing window: fold i trains on what comes before its test block. `order`: rows from old to
/// new.
Result<std::vector<Split>> TimeSeriesSplit(std::span<const uint32_t> order, size_t folds,
                                           size_t gap = 0);

/// Ids by first appearance; missing values are one group each.
std::vector<uint32_t> GroupIds(const Column& column);
/// Rows from old to new, stable; numbers ascending, text by bytes (ISO 8601 sorts that way).
/// A missing time is kInvalidArgument.
Result<std::vector<uint32_t>> TimeOrder(const Column& column);

}  // namespace quern::ml
