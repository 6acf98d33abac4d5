#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "ml/metrics.h"
#include "training/evaluate.h"

namespace quern::training {
namespace {

using Steps = std::vector<std::string>;

void AfterGates(const std::vector<design::Gate>& gates, Steps& steps) {
  for (const design::Gate& gate : gates) {
    if (gate.status != design::GateStatus::kFail) continue;
    const bool within = gate.goal.op == design::Op::kAtLeast ? gate.evidence.high >= gate.goal.value
                                                             : gate.evidence.low <= gate.goal.value;
    steps.push_back(gate.Sentence() +
                    (within
                         ? ": its interval still reaches the goal, so more hold-out rows come first"
                         : ": better features or more data are needed, not luck"));
  }
}

void AfterHypothesis(const HypothesisVerdict& verdict, const TrainingSpec& spec, Steps& steps) {
  const double half = (verdict.test.high - verdict.test.low) / 2;
  if (verdict.verdict == "undecided") {
    steps.push_back(
        fmt::format("the hypothesis is undecided: the difference is known to ±{:.3f} over {} "
                    "folds; four times the "
                    "rows would about halve that",
                    half, spec.folds * spec.repeats));
  } else if (verdict.verdict == "refuted") {
    steps.push_back(
        "the hypothesis is refuted: prefer the simpler model unless something else speaks "
        "for the other");
  }
}

void AfterCalibration(const Evaluation& evaluation, Steps& steps) {
  const auto ece = evaluation.metrics.find("ece");
  if (ece == evaluation.metrics.end() || !(ece->second.low > 0.1)) return;
  steps.push_back(
      fmt::format("scores are off by {:.2f} on average (calibration): do not read them as "
                  "probabilities before they "
                  "are calibrated",
                  ece->second.value));
}

void AfterSlices(const Evaluation& evaluation, const std::string& metric, Steps& steps) {
  const auto whole = evaluation.metrics.find(metric);
  if (whole == evaluation.metrics.end()) return;
  const bool higher = ml::FindMetric(metric)->higher_is_better;
  for (const SliceResult& slice : evaluation.slices) {
    const auto mine = slice.metrics.find(metric);
    if (mine == slice.metrics.end() || std::isnan(mine->second.value)) continue;
    const bool worse =
        higher ? mine->second.high < whole->second.value : mine->second.low > whole->second.value;
    if (!worse) continue;
    steps.push_back(fmt::format(
        "{} is {:.2f} for {} {} ({} rows), clearly worse than {:.2f} overall: look "
        "at these rows before release",
        metric, mine->second.value, slice.by, slice.value, slice.count, whole->second.value));
  }
}

void AfterImportance(const Evaluation& evaluation, Steps& steps) {
  std::string useless;
  size_t count = 0;
  for (const ImportanceResult& column : evaluation.importance) {
    if (column.drop.high > 0) continue;
    useless += (count++ > 0 ? ", " : "") + column.column;
  }
  if (count > 0) {
    steps.push_back("shuffling " + useless + " does not make the model worse: try without " +
                    (count == 1 ? "it" : "them"));
  }
}

void AfterRecall(const Evaluation& evaluation, const ml::Target& target, double threshold,
                 Steps& steps) {
  if (target.task != ml::Task::kBinary || evaluation.metrics.at("recall").value >= 0.9) return;
  std::vector<double> grid;
  for (int i = 1; i < 100; ++i) grid.push_back(i / 100.0);
  const auto table = ml::ThresholdTable(target, evaluation.scores, grid);
  // Highest threshold below the present one that finds nine in ten.
  for (auto row = table.rbegin(); row != table.rend(); ++row) {
    if (row->threshold >= threshold || row->recall < 0.9) continue;
    steps.push_back(
        fmt::format("at threshold {:.2f} instead of {:.2f} recall is {:.2f} at precision "
                    "{:.2f}: decide with the users which error costs more",
                    row->threshold, threshold, row->recall, row->precision));
    return;
  }
}

}  // namespace

std::vector<std::string> NextSteps(const Evaluation& evaluation, const ml::Target& target,
                                   const std::vector<design::Gate>& gates,
                                   const std::optional<HypothesisVerdict>& hypothesis,
                                   const TrainingSpec& spec, double threshold) {
  Steps steps;
  AfterGates(gates, steps);
  AfterSlices(evaluation, spec.metric, steps);
  AfterRecall(evaluation, target, threshold, steps);
  AfterCalibration(evaluation, steps);
  if (hypothesis) AfterHypothesis(*hypothesis, spec, steps);
  AfterImportance(evaluation, steps);
  return steps;
}

}  // namespace quern::training
