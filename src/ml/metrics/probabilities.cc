#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "ml/metrics/view.h"

namespace quern::ml {
namespace {

struct Ranked {
  double score;
  double weight;
  bool positive;
};

std::vector<Ranked> RankDescending(const RowView& view, size_t k) {
  std::vector<Ranked> ranked;
  ranked.reserve(view.size());
  for (size_t i = 0; i < view.size(); ++i) {
    const size_t row = view.Row(i);
    ranked.push_back({view.Probability(row, k), view.Weight(row), view.target.index[row] == k});
  }
  std::sort(ranked.begin(), ranked.end(),
            [](const Ranked& a, const Ranked& b) { return a.score > b.score; });
  return ranked;
}

/// Calls step(positives so far, negatives so far) after each run of equal scores.
template <class F>
void ForEachScore(const std::vector<Ranked>& ranked, F step) {
  double tp = 0, fp = 0;
  for (size_t i = 0; i < ranked.size(); ++i) {
    (ranked[i].positive ? tp : fp) += ranked[i].weight;
    if (i + 1 == ranked.size() || ranked[i + 1].score != ranked[i].score) step(tp, fp);
  }
}

double BinaryAuc(const RowView& view, size_t k) {
  double area = 0, last_tp = 0, last_fp = 0;
  ForEachScore(RankDescending(view, k), [&](double tp, double fp) {
    area += (fp - last_fp) * (tp + last_tp) / 2;
    last_tp = tp;
    last_fp = fp;
  });
  if (last_tp == 0 || last_fp == 0) return std::numeric_limits<double>::quiet_NaN();
  return area / (last_tp * last_fp);
}

double BinaryAveragePrecision(const RowView& view, size_t k) {
  double sum = 0, last_tp = 0;
  ForEachScore(RankDescending(view, k), [&](double tp, double fp) {
    if (tp + fp > 0) sum += (tp - last_tp) * tp / (tp + fp);
    last_tp = tp;
  });
  return last_tp == 0 ? 0 : sum / last_tp;
}

template <class F>
double MacroOrPositive(const RowView& view, F of) {
  const size_t n = view.target.classes.size();
  if (n == 2) return of(view, 1);
  double sum = 0;
  for (size_t k = 0; k < n; ++k) sum += of(view, k);
  return sum / static_cast<double>(n);
}

}  // namespace

double RocAuc(const RowView& view) { return MacroOrPositive(view, BinaryAuc); }

double AveragePrecision(const RowView& view) {
  return MacroOrPositive(view, BinaryAveragePrecision);
}

double LogLoss(const RowView& view) {
  constexpr double kEps = std::numeric_limits<double>::epsilon();
  double sum = 0, total = 0;
  for (size_t i = 0; i < view.size(); ++i) {
    const size_t row = view.Row(i);
    const double p = view.Probability(row, view.target.index[row]);
    sum -= view.Weight(row) * std::log(std::clamp(p, kEps, 1 - kEps));
    total += view.Weight(row);
  }
  return sum / total;
}

double Brier(const RowView& view) {
  const size_t n = view.scores.classes;
  double sum = 0, total = 0;
  for (size_t i = 0; i < view.size(); ++i) {
    const size_t row = view.Row(i);
    double squares = 0;
    for (size_t k = 0; k < n; ++k) {
      const double d = view.Probability(row, k) - (view.target.index[row] == k ? 1.0 : 0.0);
      squares += d * d;
    }
    sum += view.Weight(row) * squares;
    total += view.Weight(row);
  }
  return sum / total * (n < 3 ? 0.5 : 1.0);
}

double ExpectedCalibrationError(const RowView& view) {
  constexpr size_t kBins = 15;
  struct Bin {
    double confidence = 0;
    double hits = 0;
  };
  std::array<Bin, kBins> bins{};
  double total = 0;
  for (size_t i = 0; i < view.size(); ++i) {
    const size_t row = view.Row(i);
    size_t k = 1;
    if (view.scores.classes != 2) {
      k = 0;
      for (size_t j = 1; j < view.scores.classes; ++j)
        if (view.Probability(row, j) > view.Probability(row, k)) k = j;
    }
    const double p = view.Probability(row, k);
    const double w = view.Weight(row);
    const size_t b = std::min(kBins - 1, static_cast<size_t>(std::max(0.0, p) * kBins));
    bins[b].confidence += w * p;
    if (view.target.index[row] == k) bins[b].hits += w;
    total += w;
  }
  double sum = 0;
  for (const Bin& bin : bins) sum += std::abs(bin.confidence - bin.hits);
  return sum / total;
}

}  // namespace quern::ml
