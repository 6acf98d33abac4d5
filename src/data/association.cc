#include "data/association.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace quern::data {
namespace {

/// Mid-ranks (from 1) of the rows in `keep`, 0 elsewhere.
std::vector<double> MidRanks(std::span<const double> values, std::span<const uint32_t> order,
                             const std::vector<char>& keep) {
  std::vector<double> ranks(values.size(), 0);
  std::vector<uint32_t> rows;
  rows.reserve(order.size());
  for (uint32_t row : order) {
    if (keep[row]) rows.push_back(row);
  }
  for (size_t i = 0; i < rows.size();) {
    size_t end = i + 1;
    while (end < rows.size() && values[rows[end]] == values[rows[i]]) ++end;
    const double rank = (static_cast<double>(i + 1) + static_cast<double>(end)) / 2;
    for (size_t k = i; k < end; ++k) ranks[rows[k]] = rank;
    i = end;
  }
  return ranks;
}

std::optional<double> PearsonOf(std::span<const double> a, std::span<const double> b,
                                const std::vector<char>& keep) {
  double n = 0, mean_a = 0, mean_b = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    if (!keep[i]) continue;
    n += 1;
    mean_a += a[i];
    mean_b += b[i];
  }
  if (n < 2) return std::nullopt;
  mean_a /= n;
  mean_b /= n;
  double aa = 0, bb = 0, ab = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    if (!keep[i]) continue;
    const double da = a[i] - mean_a, db = b[i] - mean_b;
    aa += da * da;
    bb += db * db;
    ab += da * db;
  }
  if (!(aa > 0) || !(bb > 0)) return std::nullopt;
  const double r = ab / (std::sqrt(aa) * std::sqrt(bb));
  if (!std::isfinite(r)) return std::nullopt;
  return std::clamp(r, -1.0, 1.0);
}

std::vector<char> Complete(std::span<const double> a, std::span<const double> b) {
  std::vector<char> keep(a.size());
  for (size_t i = 0; i < a.size(); ++i) keep[i] = !std::isnan(a[i]) && !std::isnan(b[i]);
  return keep;
}

size_t NonEmpty(const std::vector<double>& totals) {
  return static_cast<size_t>(
      std::count_if(totals.begin(), totals.end(), [](double t) { return t > 0; }));
}

size_t Levels(std::span<const int32_t> codes) {
  int32_t highest = -1;
  for (int32_t code : codes) highest = std::max(highest, code);
  return static_cast<size_t>(highest + 1);
}

}  // namespace

std::vector<uint32_t> SortOrder(std::span<const double> values) {
  std::vector<uint32_t> order;
  order.reserve(values.size());
  for (uint32_t i = 0; i < values.size(); ++i) {
    if (!std::isnan(values[i])) order.push_back(i);
  }
  std::stable_sort(order.begin(), order.end(),
                   [&](uint32_t a, uint32_t b) { return values[a] < values[b]; });
  return order;
}

std::optional<double> Pearson(std::span<const double> a, std::span<const double> b) {
  return PearsonOf(a, b, Complete(a, b));
}

std::optional<double> Spearman(std::span<const double> a, std::span<const uint32_t> order_a,
                               std::span<const double> b, std::span<const uint32_t> order_b) {
  const std::vector<char> keep = Complete(a, b);
  return PearsonOf(MidRanks(a, order_a, keep), MidRanks(b, order_b, keep), keep);
}

std::optional<double> CramersV(std::span<const int32_t> a, std::span<const int32_t> b) {
  const size_t rows = Levels(a), columns = Levels(b);
  std::vector<double> table(rows * columns), row_total(rows), column_total(columns);
  double n = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    if (a[i] < 0 || b[i] < 0) continue;
    const auto r = static_cast<size_t>(a[i]), c = static_cast<size_t>(b[i]);
    table[r * columns + c] += 1;
    row_total[r] += 1;
    column_total[c] += 1;
    n += 1;
  }
  const auto r = static_cast<double>(NonEmpty(row_total));
  const auto k = static_cast<double>(NonEmpty(column_total));
  if (n < 2 || r < 2 || k < 2) return std::nullopt;
  double chi2 = 0;
  for (size_t i = 0; i < rows; ++i) {
    for (size_t j = 0; j < columns; ++j) {
      const double expected = row_total[i] * column_total[j] / n;
      if (expected == 0) continue;
      const double difference = table[i * columns + j] - expected;
      chi2 += difference * difference / expected;
    }
  }
  const double phi2 = std::max(0.0, chi2 / n - (k - 1) * (r - 1) / (n - 1));
  const double k_corrected = k - (k - 1) * (k - 1) / (n - 1);
  const double r_corrected = r - (r - 1) * (r - 1) / (n - 1);
  const double denominator = std::min(k_corrected - 1, r_corrected - 1);
  if (!(denominator > 0)) return std::nullopt;
  return std::min(1.0, std::sqrt(phi2 / denominator));
}

std::optional<double> CorrelationRatio(std::span<const int32_t> groups,
                                       std::span<const double> values) {
  const size_t levels = Levels(groups);
  std::vector<double> count(levels), sum(levels);
  double n = 0, mean = 0;
  for (size_t i = 0; i < groups.size(); ++i) {
    if (groups[i] < 0 || std::isnan(values[i])) continue;
    const auto g = static_cast<size_t>(groups[i]);
    count[g] += 1;
    sum[g] += values[i];
    mean += values[i];
    n += 1;
  }
  if (n < 2 || NonEmpty(count) < 2) return std::nullopt;
  mean /= n;
  double between = 0, total = 0;
  for (size_t g = 0; g < levels; ++g) {
    if (count[g] == 0) continue;
    const double difference = sum[g] / count[g] - mean;
    between += count[g] * difference * difference;
  }
  for (size_t i = 0; i < groups.size(); ++i) {
    if (groups[i] < 0 || std::isnan(values[i])) continue;
    total += (values[i] - mean) * (values[i] - mean);
  }
  if (!(total > 0) || !std::isfinite(between / total)) return std::nullopt;
  return std::sqrt(std::clamp(between / total, 0.0, 1.0));
}

std::optional<double> RocAuc(std::span<const double> scores, std::span<const uint32_t> order,
                             std::span<const int32_t> labels) {
  std::vector<char> keep(scores.size());
  for (size_t i = 0; i < scores.size(); ++i) keep[i] = !std::isnan(scores[i]) && labels[i] >= 0;
  const std::vector<double> ranks = MidRanks(scores, order, keep);
  double positives = 0, negatives = 0, rank_sum = 0;
  for (size_t i = 0; i < scores.size(); ++i) {
    if (!keep[i]) continue;
    if (labels[i] == 1) {
      positives += 1;
      rank_sum += ranks[i];
    } else {
      negatives += 1;
    }
  }
  if (positives == 0 || negatives == 0) return std::nullopt;
  return (rank_sum - positives * (positives + 1) / 2) / (positives * negatives);
}

}  // namespace quern::data
