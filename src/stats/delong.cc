// DeLong's structural components of the ROC AUC by midranks: X. Sun & W. Xu, "Fast Implementation
// of DeLong's Algorithm", IEEE Signal Processing Letters 21(11), 2014.
#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <string>
#include <vector>

#include "stats/paired.h"

namespace quern::stats {
namespace {

std::vector<double> Midranks(const std::vector<double>& values) {
  std::vector<size_t> order(values.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::sort(order.begin(), order.end(), [&](size_t a, size_t b) { return values[a] < values[b]; });
  std::vector<double> ranks(values.size());
  for (size_t i = 0; i < order.size();) {
    size_t end = i;
    while (end < order.size() && values[order[end]] == values[order[i]]) ++end;
    const double rank = (static_cast<double>(i + end) + 1) / 2;
    for (; i < end; ++i) ranks[order[i]] = rank;
  }
  return ranks;
}

// Per positive: share of negatives it outranks; per negative: share of positives that outrank it.
struct Components {
  std::vector<double> positives;
  std::vector<double> negatives;
  double auc = 0;
};

Status CheckRows(std::span<const double> scores, std::span<const uint8_t> positive) {
  if (scores.size() != positive.size()) {
    return Fail(Code::kInvalidArgument, "AUC: " + std::to_string(scores.size()) + " scores for " +
                                            std::to_string(positive.size()) + " labels");
  }
  const auto count = std::count_if(positive.begin(), positive.end(), [](uint8_t p) { return p; });
  if (count == 0 || static_cast<size_t>(count) == positive.size()) {
    return Fail(Code::kInvalidArgument, "AUC needs rows of both classes: " + std::to_string(count) +
                                            " of " + std::to_string(positive.size()) +
                                            " are positive");
  }
  for (size_t i = 0; i < scores.size(); ++i) {
    if (std::isnan(scores[i])) {
      return Fail(Code::kInvalidArgument, "AUC: the score of row " + std::to_string(i) + " is NaN");
    }
  }
  return {};
}

Components Decompose(std::span<const double> scores, std::span<const uint8_t> positive) {
  std::vector<double> pos;
  std::vector<double> neg;
  for (size_t i = 0; i < scores.size(); ++i) (positive[i] ? pos : neg).push_back(scores[i]);
  std::vector<double> all = pos;
  all.insert(all.end(), neg.begin(), neg.end());
  const std::vector<double> in_all = Midranks(all);
  const std::vector<double> in_pos = Midranks(pos);
  const std::vector<double> in_neg = Midranks(neg);
  const double m = static_cast<double>(pos.size());
  const double n = static_cast<double>(neg.size());
  Components out;
  for (size_t i = 0; i < pos.size(); ++i) {
    out.positives.push_back((in_all[i] - in_pos[i]) / n);
    out.auc += out.positives.back() / m;
  }
  for (size_t j = 0; j < neg.size(); ++j) {
    out.negatives.push_back(1 - (in_all[pos.size() + j] - in_neg[j]) / m);
  }
  return out;
}

double Covariance(const std::vector<double>& a, const std::vector<double>& b) {
  const double n = static_cast<double>(a.size());
  if (a.size() < 2) return std::numeric_limits<double>::quiet_NaN();
  const double mean_a = std::accumulate(a.begin(), a.end(), 0.0) / n;
  const double mean_b = std::accumulate(b.begin(), b.end(), 0.0) / n;
  double sum = 0;
  for (size_t i = 0; i < a.size(); ++i) sum += (a[i] - mean_a) * (b[i] - mean_b);
  return sum / (n - 1);
}

double Covariance(const Components& a, const Components& b) {
  return Covariance(a.positives, b.positives) / static_cast<double>(a.positives.size()) +
         Covariance(a.negatives, b.negatives) / static_cast<double>(a.negatives.size());
}

}  // namespace

Result<AucEstimate> DeLong(std::span<const double> scores, std::span<const uint8_t> positive) {
  QUERN_TRY(CheckRows(scores, positive));
  const Components components = Decompose(scores, positive);
  return AucEstimate{components.auc, Covariance(components, components)};
}

Result<PairedResult> DeLongPaired(std::span<const double> scores_a,
                                  std::span<const double> scores_b,
                                  std::span<const uint8_t> positive, const Hypothesis& hypothesis) {
  QUERN_TRY(CheckRows(scores_a, positive));
  QUERN_TRY(CheckRows(scores_b, positive));
  const Components a = Decompose(scores_a, positive);
  const Components b = Decompose(scores_b, positive);
  const double variance = Covariance(a, a) + Covariance(b, b) - 2 * Covariance(a, b);
  // Equal rankings leave a variance of rounding errors only.
  const double error = variance < 1e-15 ? 0 : std::sqrt(variance);
  PairedResult result = NormalMarginTest(a.auc - b.auc, error, hypothesis);
  result.test = "delong";
  return result;
}

}  // namespace quern::stats
