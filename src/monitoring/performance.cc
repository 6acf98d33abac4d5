#include "monitoring/performance.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <unordered_map>

#include "base/nan.h"
#include "base/text.h"
#include "stats/summary.h"

namespace quern::monitoring {
namespace {

// As scikit-learn clips probabilities of doubles before taking logarithms.
constexpr double kEpsilon = std::numeric_limits<double>::epsilon();

const std::vector<std::string>& BinaryNames() {
  static const std::vector<std::string> names = {"accuracy", "precision", "recall",   "specificity",
                                                 "f1",       "roc_auc",   "log_loss", "brier"};
  return names;
}

double Ratio(double part, double whole) { return whole > 0 ? part / whole : 0; }

// Every metric of BinaryNames() when row i is positive to the degree weight[i] (0 or 1 for real
// labels). `p` descends.
std::vector<double> BinaryMetrics(const std::vector<double>& p, const std::vector<double>& weight,
                                  double threshold) {
  double tp = 0;
  double fp = 0;
  double fn = 0;
  double tn = 0;
  double loss = 0;
  double brier = 0;
  double area = 0;  // in units of one positive times one negative
  for (size_t i = 0; i < p.size();) {
    double group_positive = 0;
    double group_negative = 0;
    for (const double score = p[i]; i < p.size() && p[i] == score; ++i) {
      const double w = weight[i];
      group_positive += w;
      group_negative += 1 - w;
      (score >= threshold ? tp : fn) += w;
      (score >= threshold ? fp : tn) += 1 - w;
      const double clipped = std::clamp(score, kEpsilon, 1 - kEpsilon);
      loss -= w * std::log(clipped) + (1 - w) * std::log1p(-clipped);
      brier += w * (1 - score) * (1 - score) + (1 - w) * score * score;
    }
    const double positives_before = tp + fn - group_positive;
    area += group_negative * (positives_before + group_positive / 2);
  }
  const double n = static_cast<double>(p.size());
  const double precision = Ratio(tp, tp + fp);
  const double recall = Ratio(tp, tp + fn);
  const double pairs = (tp + fn) * (fp + tn);
  return {(tp + tn) / n,
          precision,
          recall,
          Ratio(tn, tn + fp),
          Ratio(2 * precision * recall, precision + recall),
          pairs > 0 ? area / pairs : kNan,
          loss / n,
          brier / n};
}

Status CheckProbabilities(std::span<const double> probabilities) {
  for (size_t i = 0; i < probabilities.size(); ++i) {
    if (probabilities[i] >= 0 && probabilities[i] <= 1) continue;
    return Fail(Code::kInvalidArgument, "probability " + ShortestDouble(probabilities[i]) +
                                            " of entry " + std::to_string(i) +
                                            " is outside of 0..1");
  }
  return {};
}

// Point values with the central 95 % of the simulated ones.
std::vector<MetricInterval> WithLimits(const std::vector<std::string>& names,
                                       const std::vector<double>& values,
                                       const std::vector<std::vector<double>>& simulated) {
  std::vector<MetricInterval> out;
  for (size_t m = 0; m < names.size(); ++m) {
    std::vector<double> column;
    for (const std::vector<double>& row : simulated) column.push_back(row[m]);
    column = stats::Sorted(stats::Finite(column));
    out.push_back(
        {names[m],
         {values[m], stats::SortedQuantile(column, 0.025), stats::SortedQuantile(column, 0.975)}});
  }
  return out;
}

}  // namespace

LabelJoin JoinLabels(std::span<const std::string> prediction_ids,
                     std::span<const std::string> label_ids) {
  LabelJoin join;
  join.rows = label_ids.size();
  std::unordered_map<std::string_view, uint32_t> rows_of;
  for (size_t i = 0; i < prediction_ids.size(); ++i) {
    rows_of.emplace(prediction_ids[i], static_cast<uint32_t>(i));
  }
  std::vector<int64_t> label_of(prediction_ids.size(), -1);
  for (size_t i = 0; i < label_ids.size(); ++i) {
    const auto found = rows_of.find(label_ids[i]);
    if (found == rows_of.end()) {
      ++join.unknown;
      continue;
    }
    int64_t& label = label_of[found->second];
    join.duplicates += label >= 0;
    label = static_cast<int64_t>(i);
  }
  for (size_t i = 0; i < label_of.size(); ++i) {
    if (label_of[i] < 0) continue;
    join.prediction_rows.push_back(static_cast<uint32_t>(i));
    join.label_rows.push_back(static_cast<uint32_t>(label_of[i]));
  }
  join.joined = join.prediction_rows.size();
  if (!prediction_ids.empty()) {
    join.coverage = static_cast<double>(join.joined) / static_cast<double>(prediction_ids.size());
  }
  return join;
}

Result<std::vector<MetricInterval>> RealisedMetrics(std::span<const std::string> names, size_t n,
                                                    const MetricOfRows& metric, const Rng& rng,
                                                    size_t resamples) {
  std::vector<MetricInterval> out;
  if (n == 0) {
    for (const std::string& name : names) out.push_back({name, {kNan, kNan, kNan}});
    return out;
  }
  std::vector<uint32_t> all(n);
  std::iota(all.begin(), all.end(), 0U);
  for (const std::string& name : names) QUERN_TRY(metric(name, all));
  const stats::RowStatistics every = [&](std::span<const uint32_t> rows) {
    std::vector<double> values;
    for (const std::string& name : names) values.push_back(metric(name, rows).value_or(kNan));
    return values;
  };
  const std::vector<stats::Interval> intervals = stats::BootstrapMany(n, resamples, rng, every);
  for (size_t i = 0; i < names.size(); ++i) out.push_back({names[i], intervals[i]});
  return out;
}

Result<std::vector<MetricInterval>> ExpectedBinaryMetrics(std::span<const double> probabilities,
                                                          const ExpectedOptions& options,
                                                          const Rng& rng) {
  QUERN_TRY(CheckProbabilities(probabilities));
  if (probabilities.empty()) return std::vector<MetricInterval>{};
  std::vector<double> p(probabilities.begin(), probabilities.end());
  std::sort(p.begin(), p.end(), std::greater<>());
  std::vector<std::vector<double>> simulated(options.resamples);
  std::vector<double> labels(p.size());
  for (size_t b = 0; b < options.resamples; ++b) {
    Rng draw = rng.Fork(b);
    for (size_t i = 0; i < p.size(); ++i) labels[i] = draw.Uniform() < p[i] ? 1 : 0;
    simulated[b] = BinaryMetrics(p, labels, options.threshold);
  }
  return WithLimits(BinaryNames(), BinaryMetrics(p, p, options.threshold), simulated);
}

Result<std::vector<MetricInterval>> ExpectedMulticlassMetrics(std::span<const double> probabilities,
                                                              size_t classes,
                                                              const ExpectedOptions& options,
                                                              const Rng& rng) {
  QUERN_TRY(CheckProbabilities(probabilities));
  if (classes < 2 || probabilities.size() % classes != 0) {
    return Fail(Code::kInvalidArgument, std::to_string(probabilities.size()) +
                                            " probabilities are no rows of " +
                                            std::to_string(classes) + " classes");
  }
  if (probabilities.empty()) return std::vector<MetricInterval>{};
  const size_t n = probabilities.size() / classes;
  const double rows = static_cast<double>(n);
  const auto log_of = [](double p) { return std::log(std::clamp(p, kEpsilon, 1 - kEpsilon)); };
  double accuracy = 0;
  double loss = 0;
  std::vector<size_t> best(n);
  for (size_t i = 0; i < n; ++i) {
    const auto row = probabilities.subspan(i * classes, classes);
    best[i] = static_cast<size_t>(std::max_element(row.begin(), row.end()) - row.begin());
    accuracy += row[best[i]] / rows;
    for (double p : row) loss -= p * log_of(p) / rows;
  }
  std::vector<std::vector<double>> simulated(options.resamples);
  for (size_t b = 0; b < options.resamples; ++b) {
    Rng draw = rng.Fork(b);
    double hits = 0;
    double drawn_loss = 0;
    for (size_t i = 0; i < n; ++i) {
      const auto row = probabilities.subspan(i * classes, classes);
      double left = draw.Uniform();
      size_t label = 0;
      while (label + 1 < classes && left >= row[label]) left -= row[label++];
      hits += label == best[i];
      drawn_loss -= log_of(row[label]);
    }
    simulated[b] = {hits / rows, drawn_loss / rows};
  }
  return WithLimits({"accuracy", "log_loss"}, {accuracy, loss}, simulated);
}

}  // namespace quern::monitoring
