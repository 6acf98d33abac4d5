#include <algorithm>
#include <cmath>
#include <limits>

#include "ml/metrics/view.h"

namespace quern::ml {
namespace {

/// Weighted mean of of(actual, predicted).
template <class F>
double Mean(const RowView& view, F of) {
  double sum = 0, total = 0;
  for (size_t i = 0; i < view.size(); ++i) {
    const size_t row = view.Row(i);
    sum += view.Weight(row) * of(view.target.values[row], view.scores.predictions[row]);
    total += view.Weight(row);
  }
  return sum / total;
}

}  // namespace

double Rmse(const RowView& view) {
  return std::sqrt(Mean(view, [](double y, double p) { return (y - p) * (y - p); }));
}

double Mae(const RowView& view) {
  return Mean(view, [](double y, double p) { return std::abs(y - p); });
}

// A constant target scores 1 if it is met exactly and 0 otherwise, as scikit-learn; fewer than two
// rows have no R².
double R2(const RowView& view) {
  if (view.size() < 2) return std::numeric_limits<double>::quiet_NaN();
  const double mean = Mean(view, [](double y, double) { return y; });
  const double residual = Mean(view, [](double y, double p) { return (y - p) * (y - p); });
  const double spread = Mean(view, [&](double y, double) { return (y - mean) * (y - mean); });
  if (spread == 0) return residual == 0 ? 1.0 : 0.0;
  return 1 - residual / spread;
}

double Mape(const RowView& view) {
  return Mean(view, [](double y, double p) {
    return std::abs(y - p) / std::max(std::abs(y), std::numeric_limits<double>::epsilon());
  });
}

}  // namespace quern::ml
