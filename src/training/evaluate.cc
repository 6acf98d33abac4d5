#include "training/evaluate.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "base/random.h"
#include "base/text.h"
#include "ml/metrics.h"

namespace quern::training {
namespace {

/// Enough resamples for two digits, fewer on many rows, where intervals are narrow anyway.
size_t Resamples(size_t wanted, size_t rows) {
  constexpr size_t kRowBudget = 20'000'000;
  return std::clamp<size_t>(kRowBudget / std::max<size_t>(rows, 1), 100,
                            std::max<size_t>(wanted, 100));
}

std::span<const uint32_t> Strata(const ml::Target& target) {
  if (target.task == ml::Task::kRegression) return {};
  return target.index;
}

double MetricOrNan(const std::string& name, const ml::Target& target, const ml::Scores& scores,
                   std::span<const uint32_t> rows) {
  const auto value = ml::Metric(name, target, scores, rows);
  return value ? *value : std::nan("");
}

std::vector<std::string> SliceMetrics(ml::Task task, const std::string& metric) {
  std::vector<std::string> names{metric};
  const std::vector<std::string> also =
      task == ml::Task::kRegression ? std::vector<std::string>{"mae"}
                                    : std::vector<std::string>{"recall", "precision", "accuracy"};
  for (const std::string& name : also) {
    if (name != metric) names.push_back(name);
  }
  return names;
}

std::string BandName(double value, const std::vector<double>& cuts) {
  size_t band = 0;
  while (band < cuts.size() && value >= cuts[band]) ++band;
  if (band == 0) return "< " + ShortestDouble(cuts.front());
  if (band == cuts.size()) return ">= " + ShortestDouble(cuts.back());
  return ShortestDouble(cuts[band - 1]) + " to < " + ShortestDouble(cuts[band]);
}

Result<std::vector<SliceResult>> Slices(const EvaluationSpec& spec, const std::string& metric,
                                        const Frame& rows, const ml::Target& target,
                                        const ml::Scores& scores, uint64_t seed) {
  std::vector<SliceResult> out;
  for (const SliceSpec& slice : spec.slices) {
    const Column* column = rows.Find(slice.column);
    if (column == nullptr) {
      return Fail(Code::kInvalidArgument, "no column '" + slice.column + "' to slice by");
    }
    // Bands sort by their cut, categories by value.
    std::map<std::pair<double, std::string>, std::vector<uint32_t>> groups;
    for (uint32_t row = 0; row < column->size(); ++row) {
      if (column->Missing(row)) {
        groups[{1e300, "missing"}].push_back(row);
      } else if (column->is_text) {
        groups[{0, column->texts[row]}].push_back(row);
      } else {
        const double value = column->numbers[row];
        const double order = slice.cuts.empty()
                                 ? value
                                 : static_cast<double>(std::upper_bound(slice.cuts.begin(),
                                                                        slice.cuts.end(), value) -
                                                       slice.cuts.begin());
        groups[{order, slice.cuts.empty() ? ShortestDouble(value) : BandName(value, slice.cuts)}]
            .push_back(row);
      }
    }
    for (const auto& [key, members] : groups) {
      SliceResult result{slice.column, key.second, members.size(), {}};
      for (const std::string& name : SliceMetrics(target.task, metric)) {
        result.metrics[name] =
            stats::Bootstrap(members.size(), Resamples(spec.resamples, members.size()),
                             Rng(seed).Fork(name), [&](std::span<const uint32_t> sample) {
                               std::vector<uint32_t> picked;
                               picked.reserve(sample.size());
                               for (uint32_t i : sample) picked.push_back(members[i]);
                               return MetricOrNan(name, target, scores, picked);
                             });
      }
      out.push_back(std::move(result));
    }
  }
  return out;
}

void ShuffleColumn(Column& column, std::span<const uint32_t> order) {
  const Column before = column;
  for (size_t row = 0; row < order.size(); ++row) {
    if (column.is_text) {
      column.texts[row] = before.texts[order[row]];
    } else {
      column.numbers[row] = before.numbers[order[row]];
    }
  }
}

Result<std::vector<ImportanceResult>> Importance(const EvaluationSpec& spec,
                                                 const std::string& metric, const Frame& rows,
                                                 const ml::Target& target, const ml::Scores& scores,
                                                 const ScoreFn& score,
                                                 const EvaluateOptions& options) {
  const double sign = ml::FindMetric(metric)->higher_is_better ? 1 : -1;
  QUERN_ASSIGN(const double whole, ml::Metric(metric, target, scores));
  std::vector<ImportanceResult> out;
  for (const Column& column : rows.columns) {
    std::vector<double> drops;
    for (size_t repeat = 0; repeat < spec.importance_repeats; ++repeat) {
      if (options.cancel != nullptr) QUERN_TRY(options.cancel->Check());
      Frame shuffled = rows;
      Rng rng = Rng(options.seed).Fork("importance " + column.name).Fork(repeat);
      for (Column& mine : shuffled.columns) {
        if (mine.name == column.name) ShuffleColumn(mine, rng.Permutation(rows.rows()));
      }
      QUERN_ASSIGN(const ml::Scores changed, score(shuffled));
      QUERN_ASSIGN(const double value, ml::Metric(metric, target, changed));
      drops.push_back(sign * (whole - value));
    }
    double mean = 0, var = 0;
    for (double drop : drops) mean += drop / static_cast<double>(drops.size());
    for (double drop : drops) var += (drop - mean) * (drop - mean);
    // Spread of the shuffles: where 95 % of them fall.
    const double sd = drops.size() > 1 ? std::sqrt(var / static_cast<double>(drops.size() - 1)) : 0;
    out.push_back({column.name, {mean, mean - 1.96 * sd, mean + 1.96 * sd}});
  }
  std::stable_sort(out.begin(), out.end(),
                   [](const auto& a, const auto& b) { return a.drop.value > b.drop.value; });
  return out;
}

}  // namespace

Result<std::map<std::string, stats::Interval>> MetricIntervals(const ml::Target& target,
                                                               const ml::Scores& scores,
                                                               size_t resamples, uint64_t seed) {
  const std::vector<std::string> names = ml::MetricNames(target.task);
  for (const std::string& name : names) QUERN_TRY(ml::Metric(name, target, scores));
  stats::BootstrapOptions options;
  options.strata = Strata(target);
  const auto intervals = stats::BootstrapMany(
      target.rows(), Resamples(resamples, target.rows()), Rng(seed).Fork("bootstrap"),
      [&](std::span<const uint32_t> rows) {
        std::vector<double> values;
        values.reserve(names.size());
        for (const std::string& name : names) {
          values.push_back(MetricOrNan(name, target, scores, rows));
        }
        return values;
      },
      options);
  std::map<std::string, stats::Interval> out;
  for (size_t i = 0; i < names.size(); ++i) out[names[i]] = intervals[i];
  return out;
}

Result<Evaluation> Evaluate(const EvaluationSpec& spec, const std::string& metric,
                            const Frame& rows, const ml::Target& target, const ScoreFn& score,
                            const EvaluateOptions& options) {
  Evaluation out;
  QUERN_ASSIGN(out.scores, score(rows));
  QUERN_ASSIGN(out.metrics, MetricIntervals(target, out.scores, spec.resamples, options.seed));
  QUERN_ASSIGN(out.slices,
               Slices(spec, metric, options.slice_rows != nullptr ? *options.slice_rows : rows,
                      target, out.scores, options.seed));
  QUERN_ASSIGN(out.importance, Importance(spec, metric, rows, target, out.scores, score, options));
  return out;
}

Result<stats::PairedResult> ComparePaired(const std::string& metric, const ml::Target& target,
                                          const ml::Scores& a, const ml::Scores& b,
                                          const stats::Hypothesis& hypothesis, size_t resamples,
                                          uint64_t seed) {
  if (metric == "roc_auc" && target.task == ml::Task::kBinary) {
    std::vector<double> scores_a, scores_b;
    std::vector<uint8_t> positive;
    for (size_t row = 0; row < target.index.size(); ++row) {
      scores_a.push_back(a.probabilities[row * 2 + 1]);
      scores_b.push_back(b.probabilities[row * 2 + 1]);
      positive.push_back(target.index[row] == 1 ? 1 : 0);
    }
    return stats::DeLongPaired(scores_a, scores_b, positive, hypothesis);
  }
  if (metric == "accuracy") {
    std::vector<uint8_t> hits_a, hits_b;
    for (size_t row = 0; row < target.index.size(); ++row) {
      hits_a.push_back(a.labels[row] == target.index[row] ? 1 : 0);
      hits_b.push_back(b.labels[row] == target.index[row] ? 1 : 0);
    }
    return stats::McNemar(hits_a, hits_b, hypothesis);
  }
  const double sign = ml::FindMetric(metric)->higher_is_better ? 1 : -1;
  const auto statistic = [&](const ml::Scores& scores) {
    return [&, sign](std::span<const uint32_t> rows) {
      return sign * MetricOrNan(metric, target, scores, rows);
    };
  };
  return stats::PairedBootstrap(target.rows(), Resamples(resamples, target.rows()),
                                Rng(seed).Fork("paired"), statistic(a), statistic(b), hypothesis,
                                Strata(target));
}

Result<HypothesisVerdict> JudgeHypothesis(const design::Hypothesis& hypothesis,
                                          const TrainResult& training, const TrainingSpec& spec) {
  const auto find = [&](const std::string& name) -> const ModelResult* {
    for (const ModelResult& model : training.models) {
      if (model.name == name) return &model;
    }
    return nullptr;
  };
  const ModelResult* challenger = find(hypothesis.challenger);
  const ModelResult* baseline = find(hypothesis.baseline);
  if (challenger == nullptr || baseline == nullptr) {
    return FailAt(hypothesis.where,
                  "the hypothesis names model '" +
                      (challenger == nullptr ? hypothesis.challenger : hypothesis.baseline) +
                      "', which training does not declare");
  }
  const auto& a = challenger->metrics.at(hypothesis.metric);
  const auto& b = baseline->metrics.at(hypothesis.metric);
  const double sign = ml::FindMetric(hypothesis.metric)->higher_is_better ? 1 : -1;
  std::vector<double> differences;
  for (size_t i = 0; i < a.size(); ++i) differences.push_back(sign * (a[i] - b[i]));
  const double ratio = 1.0 / (static_cast<double>(spec.folds) - 1);
  QUERN_ASSIGN(const stats::PairedResult test,
               stats::CorrectedResampledT(differences, ratio,
                                          {stats::Claim::kSuperior, hypothesis.margin, 0.95}));
  const std::string verdict = test.low > hypothesis.margin    ? "supported"
                              : test.high < hypothesis.margin ? "refuted"
                                                              : "undecided";
  return HypothesisVerdict{verdict, test};
}

}  // namespace quern::training
