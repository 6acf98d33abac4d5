#pragma once
// What each column of a row owes its score: interventional Shapley values (Lundberg and Lee 2017;
// Janzing et al. 2020). The game of a row x against a row b of a background sample: columns in the
// coalition have x's value, the others b's; what a coalition is worth is the model's score of that
// mixed row. The answer is the mean over the background. Any model will do, as only scores are
// asked for.
#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "base/result.h"

namespace quern::model {

/// Mixed rows to be scored, up to a block's size.
struct MixedRows {
  /// Per row: the row of the background that it is mixed with.
  std::span<const uint32_t> background;
  /// Rows x columns: 1 where the value is the explained row's, 0 where it is the background's.
  std::span<const uint8_t> taken;
};
/// Fills one finite score per row.
using ScoreMixed = std::function<Status(const MixedRows&, std::span<double>)>;

/// One row to be explained. Everything is borrowed.
struct ShapleyGame {
  size_t columns = 0;
  double score = 0;  // of the row
  /// Scores of the background's rows; a random order, as a part may have to do.
  std::span<const double> background;
  /// Background's rows x columns: 1 where the explained row has another value there. Only such
  /// columns can owe anything in that game, which makes it smaller and changes nothing else.
  std::span<const uint8_t> differs;
  ScoreMixed evaluate;
};

struct ShapleyOptions {
  /// Mixed rows that may be scored for one row.
  size_t max_evaluations = 20'000;
  /// Of the orders that are drawn. Same game, options and seed: same answer.
  uint64_t seed = 0;
};

struct Contribution {
  double value = 0;
  /// Of `value` as an estimate of the Shapley value against the same background: what other orders
  /// would have changed. 0 where everything was enumerated.
  double standard_error = 0;
};

struct ShapleyValues {
  /// Mean score of the background rows that were used.
  double base_value = 0;
  /// Their sum is score - base_value, whatever was sampled.
  std::vector<Contribution> columns;
  size_t background_rows = 0;
  size_t evaluations = 0;
  /// Every coalition of every game was scored.
  bool exact = true;
};

/// Each row of the background is one game. A game is enumerated if its share of the evaluations
/// allows it; else it is sampled in pairs of an order of the columns and its reverse (antithetic;
/// Mitchell et al. 2022), at least two pairs. Where the evaluations do not suffice for that, the
/// first rows of the background are used, as many as can be had. kInvalidArgument, naming the least
/// number: ten rows, or all of fewer, cannot be had; errors of `evaluate`.
Result<ShapleyValues> EstimateShapley(const ShapleyGame& game, const ShapleyOptions& options);

}  // namespace quern::model
