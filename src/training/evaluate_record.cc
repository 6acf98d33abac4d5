#include <algorithm>
#include <boost/json.hpp>
#include <cmath>

#include "ml/metrics.h"
#include "training/evaluate.h"

namespace quern::training {
namespace {

json::value Number(double value) {
  return std::isfinite(value) ? json::value(value) : json::value(nullptr);
}

json::value PairedJson(const stats::PairedResult& test) {
  return json::object{{"difference", IntervalJson({test.difference, test.low, test.high})},
                      {"p_value", Number(test.p_value)},
                      {"test", test.test}};
}

/// Curves on large data are thinned to this many points, first and last kept.
constexpr size_t kCurvePoints = 500;

template <class Point, class Make>
json::array Thin(const std::vector<Point>& points, Make make) {
  json::array out;
  const size_t step = std::max<size_t>(1, points.size() / kCurvePoints);
  for (size_t i = 0; i < points.size(); i += step) out.push_back(make(points[i]));
  if (!points.empty() && (points.size() - 1) % step != 0) out.push_back(make(points.back()));
  return out;
}

json::object ScoreHistogram(const ml::Target& target, const ml::Scores& scores) {
  constexpr size_t kBins = 20;
  json::array edges, by_class;
  for (size_t i = 0; i <= kBins; ++i) edges.emplace_back(static_cast<double>(i) / kBins);
  for (uint32_t label = 0; label < 2; ++label) {
    std::vector<size_t> counts(kBins, 0);
    for (size_t row = 0; row < target.index.size(); ++row) {
      if (target.index[row] != label) continue;
      const double score = scores.probabilities[row * 2 + 1];
      counts[std::min(kBins - 1, static_cast<size_t>(score * kBins))] += 1;
    }
    json::array list;
    for (size_t count : counts) list.emplace_back(count);
    by_class.push_back(json::object{{"label", target.classes[label]}, {"counts", std::move(list)}});
  }
  return {{"edges", std::move(edges)}, {"by_class", std::move(by_class)}};
}

void AddBinary(const ml::Target& target, const ml::Scores& scores, json::object& record) {
  record["roc"] = Thin(ml::Roc(target, scores),
                       [](const ml::RocPoint& p) { return json::array{p.fpr, p.tpr}; });
  record["pr"] = Thin(ml::PrecisionRecall(target, scores),
                      [](const ml::PrPoint& p) { return json::array{p.recall, p.precision}; });
  json::array calibration, thresholds;
  const size_t bins = target.rows() >= 200 ? 10 : 5;
  for (const auto& bin : ml::CalibrationBins(target, scores, bins, ml::Bins::kQuantile)) {
    calibration.push_back(
        json::object{{"score", bin.score}, {"rate", bin.rate}, {"count", bin.count}});
  }
  std::vector<double> grid;
  for (int i = 1; i < 100; ++i) grid.push_back(i / 100.0);
  for (const auto& row : ml::ThresholdTable(target, scores, grid)) {
    thresholds.push_back(json::object{{"threshold", row.threshold},
                                      {"accuracy", row.accuracy},
                                      {"precision", row.precision},
                                      {"recall", row.recall},
                                      {"specificity", row.specificity},
                                      {"f1", row.f1}});
  }
  record["calibration"] = std::move(calibration);
  record["thresholds"] = std::move(thresholds);
  record["score_histogram"] = ScoreHistogram(target, scores);
}

}  // namespace

json::value IntervalJson(const stats::Interval& interval) {
  return json::object{{"value", Number(interval.value)},
                      {"low", Number(interval.low)},
                      {"high", Number(interval.high)}};
}

json::value MetricsRecord(const std::map<std::string, stats::Interval>& metrics) {
  json::object out;
  // The order in which reports show them, not the alphabet's.
  for (const ml::MetricInfo& info : ml::Metrics()) {
    const auto found = metrics.find(info.name);
    if (found != metrics.end()) out[info.name] = IntervalJson(found->second);
  }
  return out;
}

void AddCurves(const ml::Target& target, const ml::Scores& scores, json::object& record) {
  if (target.task == ml::Task::kRegression) {
    json::array residuals;
    const size_t step = std::max<size_t>(1, target.values.size() / kCurvePoints);
    for (size_t row = 0; row < target.values.size() && residuals.size() < kCurvePoints;
         row += step) {
      residuals.push_back(json::array{scores.predictions[row], target.values[row]});
    }
    record["residuals"] = std::move(residuals);
    return;
  }
  json::array labels, matrix;
  for (const std::string& name : target.classes) labels.emplace_back(name);
  for (const auto& counts : ml::Confusion(target, scores)) {
    json::array line;
    for (size_t count : counts) line.emplace_back(count);
    matrix.push_back(std::move(line));
  }
  record["confusion"] = json::object{{"labels", std::move(labels)}, {"matrix", std::move(matrix)}};
  if (target.task == ml::Task::kBinary) AddBinary(target, scores, record);
}

json::value EvaluationRecord(const EvaluationReport& report, const ml::Target& target) {
  const bool binary = target.task == ml::Task::kBinary;
  json::object record{
      {"model", report.model},
      {"rows", target.rows()},
      {"metric", report.metric},
      {"threshold", binary ? json::value(report.threshold) : json::value(nullptr)},
      {"positive", binary ? json::value(target.classes.back()) : json::value(nullptr)},
      {"metrics", MetricsRecord(report.evaluation.metrics)}};
  AddCurves(target, report.evaluation.scores, record);
  json::array slices, importance, next_steps;
  for (const SliceResult& slice : report.evaluation.slices) {
    slices.push_back(json::object{{"by", slice.by},
                                  {"value", slice.value},
                                  {"count", slice.count},
                                  {"metrics", MetricsRecord(slice.metrics)}});
  }
  for (const ImportanceResult& column : report.evaluation.importance) {
    importance.push_back(json::object{{"column", column.column},
                                      {"value", Number(column.drop.value)},
                                      {"low", Number(column.drop.low)},
                                      {"high", Number(column.drop.high)}});
  }
  for (const std::string& step : report.next_steps) next_steps.emplace_back(step);
  record["slices"] = std::move(slices);
  record["importance"] = std::move(importance);
  record["comparison"] = nullptr;
  if (!report.baseline.empty()) {
    json::object comparison = PairedJson(report.comparison).as_object();
    comparison["baseline"] = report.baseline;
    comparison["metric"] = report.metric;
    record["comparison"] = std::move(comparison);
  }
  record["gates"] = design::GatesRecord(report.gates);
  record["hypothesis"] = nullptr;
  if (report.hypothesis && report.verdict) {
    json::object hypothesis = PairedJson(report.verdict->test).as_object();
    hypothesis["text"] = report.hypothesis->text;
    hypothesis["margin"] = report.hypothesis->margin;
    hypothesis["verdict"] = report.verdict->verdict;
    record["hypothesis"] = std::move(hypothesis);
  }
  record["next_steps"] = std::move(next_steps);
  record["holdout_uses"] = report.holdout_uses;
  return record;
}

}  // namespace quern::training
