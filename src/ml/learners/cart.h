#pragma once
// Exact CART trees (Breiman et al. 1984) on prepared columns: every threshold between two
// neighbouring values is tried, Gini impurity for classes and squared error for numbers. Private to
// ml/learners.
#include <cstdint>
#include <vector>

#include "base/random.h"
#include "ml/learners/learner.h"

namespace quern::ml {

/// Columns as float values ranked among their distinct values, made once for many trees.
class RankedColumns {
 public:
  explicit RankedColumns(const Matrix& matrix);
  size_t columns() const { return values_.size(); }
  size_t rows() const { return rows_; }
  /// Distinct values ascending; values that differ by less than 1e-7 count as one, as in
  /// scikit-learn.
  const std::vector<float>& values(size_t column) const { return values_[column]; }
  /// Rank per row; values(column).size() means missing.
  const uint32_t* ranks(size_t column) const { return &ranks_[column * rows_]; }
  /// Largest and smallest float of a rank.
  float Largest(size_t column, uint32_t rank) const { return largest_[column][rank]; }

 private:
  size_t rows_;
  std::vector<std::vector<float>> values_;
  std::vector<std::vector<float>> largest_;
  std::vector<uint32_t> ranks_;
};

struct CartOptions {
  size_t max_depth = 0;  // 0: no limit
  size_t min_samples_split = 2;
  size_t min_samples_leaf = 1;
  size_t max_features = 0;  // columns tried per node, at random; 0: all, in order
};

/// Grows one tree on the rows whose weight is positive and appends its leaves, times `leaf_scale`,
/// to `ensemble`. Missing values go to the side that scores better; where training had none, to the
/// side with more rows. Ties between splits go to the column tried first and the lowest threshold.
void GrowTree(const RankedColumns& columns, const TrainingSet& rows,
              const std::vector<double>& weights, const CartOptions& options, double leaf_scale,
              Rng& rng, TreeEnsemble& ensemble);

/// An empty ensemble of class shares, or of a number.
TreeEnsemble EmptyEnsemble(const TrainingSet& rows);

}  // namespace quern::ml
