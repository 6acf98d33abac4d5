#pragma once
// The rows that a metric looks at, and their weights. Private to ml/metrics.
#include <cstdint>
#include <span>

#include "ml/fit.h"

namespace quern::ml {

/// Borrowed; positions 0 … size()-1 stand for the chosen rows, in order, repeats allowed.
struct RowView {
  const Target& target;
  const Scores& scores;
  std::span<const uint32_t> rows;   // empty: all
  std::span<const double> weights;  // empty: 1 each

  size_t size() const { return rows.empty() ? target.rows() : rows.size(); }
  size_t Row(size_t i) const { return rows.empty() ? i : rows[i]; }
  double Weight(size_t row) const { return weights.empty() ? 1.0 : weights[row]; }
  double Probability(size_t row, size_t k) const {
    return scores.probabilities[row * scores.classes + k];
  }
};

/// A share; 0 of nothing, as scikit-learn's zero_division=0.
inline double Ratio(double part, double whole) { return whole > 0 ? part / whole : 0.0; }

/// Metrics of labels alone, from the weighted confusion matrix (row = true, column = predicted).
class LabelCounts {
 public:
  explicit LabelCounts(const RowView& view);
  double Accuracy() const;
  double BalancedAccuracy() const;
  double Precision() const;
  double Recall() const;
  double Specificity() const;
  double F1() const;
  double Mcc() const;

 private:
  double At(size_t actual, size_t predicted) const { return cells_[actual * n_ + predicted]; }
  /// Binary: `of` the positive class; else the mean over classes that occur in labels or
  /// predictions.
  template <class F>
  double Average(F of) const;

  size_t n_;
  std::vector<double> cells_;
  std::vector<double> actual_;     // row sums
  std::vector<double> predicted_;  // column sums
  double total_ = 0;
};

double RocAuc(const RowView& view);
double AveragePrecision(const RowView& view);
double LogLoss(const RowView& view);
double Brier(const RowView& view);
/// 15 equal-width bins. Binary: P(positive) against the rate of positives; multiclass: the largest
/// probability against accuracy.
double ExpectedCalibrationError(const RowView& view);

double Rmse(const RowView& view);
double Mae(const RowView& view);
double R2(const RowView& view);
double Mape(const RowView& view);

}  // namespace quern::ml
