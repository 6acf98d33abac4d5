#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "ml/metrics.h"
#include "ml/metrics/view.h"

namespace quern::ml {
namespace {

struct Step {
  double score;
  double tp;  // positives with at least this score
  double fp;
};

std::vector<Step> Steps(const RowView& view, size_t k) {
  std::vector<std::pair<double, bool>> ranked;
  ranked.reserve(view.size());
  for (size_t i = 0; i < view.size(); ++i) {
    const size_t row = view.Row(i);
    ranked.emplace_back(view.Probability(row, k), view.target.index[row] == k);
  }
  std::sort(ranked.begin(), ranked.end(),
            [](const auto& a, const auto& b) { return a.first > b.first; });
  std::vector<Step> steps;
  double tp = 0, fp = 0;
  for (size_t i = 0; i < ranked.size(); ++i) {
    (ranked[i].second ? tp : fp) += 1;
    if (i + 1 == ranked.size() || ranked[i + 1].first != ranked[i].first)
      steps.push_back({ranked[i].first, tp, fp});
  }
  return steps;
}

/// numpy.percentile(…) with linear interpolation, on sorted values; 0 <= q <= 1.
double Quantile(const std::vector<double>& sorted, double q) {
  const double at = q * static_cast<double>(sorted.size() - 1);
  const auto low = static_cast<size_t>(at);
  const size_t high = std::min(low + 1, sorted.size() - 1);
  return sorted[low] + (at - static_cast<double>(low)) * (sorted[high] - sorted[low]);
}

std::vector<double> BinEdges(const RowView& view, size_t bins, Bins kind, uint32_t positive) {
  std::vector<double> edges(bins + 1);
  for (size_t b = 0; b <= bins; ++b) edges[b] = static_cast<double>(b) / static_cast<double>(bins);
  if (kind == Bins::kUniform) return edges;
  std::vector<double> sorted;
  for (size_t i = 0; i < view.size(); ++i)
    sorted.push_back(view.Probability(view.Row(i), positive));
  std::sort(sorted.begin(), sorted.end());
  for (double& edge : edges) edge = Quantile(sorted, edge);
  return edges;
}

}  // namespace

std::vector<RocPoint> Roc(const Target& target, const Scores& scores, uint32_t positive,
                          std::span<const uint32_t> rows) {
  const std::vector<Step> steps = Steps({target, scores, rows, {}}, positive);
  if (steps.empty() || steps.back().tp == 0 || steps.back().fp == 0) return {};
  std::vector<RocPoint> points{{0, 0, std::numeric_limits<double>::infinity()}};
  for (const Step& s : steps)
    points.push_back({s.fp / steps.back().fp, s.tp / steps.back().tp, s.score});
  return points;
}

std::vector<PrPoint> PrecisionRecall(const Target& target, const Scores& scores, uint32_t positive,
                                     std::span<const uint32_t> rows) {
  const std::vector<Step> steps = Steps({target, scores, rows, {}}, positive);
  std::vector<PrPoint> points;
  for (auto s = steps.rbegin(); s != steps.rend(); ++s) {
    // Without positives, recall is defined as 1.
    const double recall = steps.back().tp > 0 ? s->tp / steps.back().tp : 1.0;
    points.push_back({recall, Ratio(s->tp, s->tp + s->fp), s->score});
  }
  points.push_back({0, 1, std::numeric_limits<double>::infinity()});
  return points;
}

std::vector<CalibrationBin> CalibrationBins(const Target& target, const Scores& scores, size_t bins,
                                            Bins kind, uint32_t positive,
                                            std::span<const uint32_t> rows) {
  const RowView view{target, scores, rows, {}};
  if (view.size() == 0 || bins == 0) return {};
  const std::vector<double> edges = BinEdges(view, bins, kind, positive);
  std::vector<CalibrationBin> all(bins);
  for (size_t i = 0; i < view.size(); ++i) {
    const size_t row = view.Row(i);
    const double p = view.Probability(row, positive);
    // A score on an inner edge belongs to the bin below it (numpy.searchsorted on inner edges).
    const auto inner = std::lower_bound(edges.begin() + 1, edges.end() - 1, p);
    CalibrationBin& bin = all[static_cast<size_t>(inner - edges.begin() - 1)];
    bin.score += p;
    bin.rate += target.index[row] == positive ? 1 : 0;
    ++bin.count;
  }
  std::vector<CalibrationBin> filled;
  for (CalibrationBin bin : all) {
    if (bin.count == 0) continue;
    bin.score /= static_cast<double>(bin.count);
    bin.rate /= static_cast<double>(bin.count);
    filled.push_back(bin);
  }
  return filled;
}

std::vector<ThresholdRow> ThresholdTable(const Target& target, const Scores& scores,
                                         std::span<const double> thresholds,
                                         std::span<const uint32_t> rows) {
  const RowView view{target, scores, rows, {}};
  std::vector<ThresholdRow> table;
  for (const double threshold : thresholds) {
    double tp = 0, fp = 0, tn = 0, fn = 0;
    for (size_t i = 0; i < view.size(); ++i) {
      const size_t row = view.Row(i);
      const bool yes = view.Probability(row, 1) >= threshold;
      if (target.index[row] == 1) {
        (yes ? tp : fn) += 1;
      } else {
        (yes ? fp : tn) += 1;
      }
    }
    table.push_back({threshold, Ratio(tp + tn, tp + tn + fp + fn), Ratio(tp, tp + fp),
                     Ratio(tp, tp + fn), Ratio(tn, tn + fp), Ratio(2 * tp, 2 * tp + fp + fn)});
  }
  return table;
}

std::vector<std::vector<size_t>> Confusion(const Target& target, const Scores& scores,
                                           std::span<const uint32_t> rows) {
  const RowView view{target, scores, rows, {}};
  const size_t n = target.classes.size();
  std::vector<std::vector<size_t>> matrix(n, std::vector<size_t>(n));
  for (size_t i = 0; i < view.size(); ++i) {
    const size_t row = view.Row(i);
    ++matrix[target.index[row]][scores.labels[row]];
  }
  return matrix;
}

}  // namespace quern::ml
