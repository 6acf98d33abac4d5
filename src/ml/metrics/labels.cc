#include <cmath>
#include <limits>

#include "ml/metrics/view.h"

namespace quern::ml {

LabelCounts::LabelCounts(const RowView& view)
    : n_(view.target.classes.size()), cells_(n_ * n_), actual_(n_), predicted_(n_) {
  for (size_t i = 0; i < view.size(); ++i) {
    const size_t row = view.Row(i);
    const double w = view.Weight(row);
    const size_t a = view.target.index[row];
    const size_t p = view.scores.labels[row];
    cells_[a * n_ + p] += w;
    actual_[a] += w;
    predicted_[p] += w;
    total_ += w;
  }
}

template <class F>
double LabelCounts::Average(F of) const {
  if (n_ == 2) return of(1);
  double sum = 0;
  size_t present = 0;
  for (size_t k = 0; k < n_; ++k) {
    if (actual_[k] == 0 && predicted_[k] == 0) continue;
    sum += of(k);
    ++present;
  }
  return present ? sum / static_cast<double>(present) : std::numeric_limits<double>::quiet_NaN();
}

double LabelCounts::Accuracy() const {
  double hits = 0;
  for (size_t k = 0; k < n_; ++k) hits += At(k, k);
  return hits / total_;
}

double LabelCounts::BalancedAccuracy() const {
  double sum = 0;
  size_t present = 0;
  for (size_t k = 0; k < n_; ++k) {
    if (actual_[k] == 0) continue;
    sum += At(k, k) / actual_[k];
    ++present;
  }
  return sum / static_cast<double>(present);
}

double LabelCounts::Precision() const {
  return Average([&](size_t k) { return Ratio(At(k, k), predicted_[k]); });
}

double LabelCounts::Recall() const {
  return Average([&](size_t k) { return Ratio(At(k, k), actual_[k]); });
}

double LabelCounts::Specificity() const {
  return Average([&](size_t k) {
    const double negatives = total_ - actual_[k];
    return Ratio(negatives - (predicted_[k] - At(k, k)), negatives);
  });
}

double LabelCounts::F1() const {
  return Average([&](size_t k) { return Ratio(2 * At(k, k), actual_[k] + predicted_[k]); });
}

// The R_k statistic (Gorodkin 2004), 0 when either side has one class only.
double LabelCounts::Mcc() const {
  double hits = 0, cross = 0, actual2 = 0, predicted2 = 0;
  for (size_t k = 0; k < n_; ++k) {
    hits += At(k, k);
    cross += actual_[k] * predicted_[k];
    actual2 += actual_[k] * actual_[k];
    predicted2 += predicted_[k] * predicted_[k];
  }
  const double product = (total_ * total_ - predicted2) * (total_ * total_ - actual2);
  if (product == 0) return 0;
  return (hits * total_ - cross) / std::sqrt(product);
}

}  // namespace quern::ml
