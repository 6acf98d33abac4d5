#include "monitoring/record.h"

#include <boost/json.hpp>
#include <cmath>

namespace quern::monitoring {
namespace {

// null for a number that does not exist; an infinite statistic is none either.
json::value Number(double value) {
  return std::isfinite(value) ? json::value(value) : json::value(nullptr);
}

json::array Numbers(const std::vector<double>& values) {
  json::array out;
  for (double v : values) out.push_back(Number(v));
  return out;
}

json::object Side(const Picture& picture, const std::vector<double>& shares) {
  json::object out;
  if (!picture.edges.empty()) {
    out["edges"] = Numbers(picture.edges);
  } else {
    out["labels"] = json::array(picture.labels.begin(), picture.labels.end());
  }
  out["shares"] = Numbers(shares);
  return out;
}

json::object MetricsRecord(const std::vector<MetricInterval>& metrics) {
  json::object out;
  for (const MetricInterval& metric : metrics) out[metric.name] = IntervalRecord(metric.interval);
  return out;
}

}  // namespace

json::value IntervalRecord(const stats::Interval& interval) {
  return json::object{{"value", Number(interval.value)},
                      {"low", Number(interval.low)},
                      {"high", Number(interval.high)}};
}

json::value ColumnRecord(const ColumnDrift& column) {
  json::array tests;
  for (const TestScore& test : column.tests) {
    tests.push_back(json::object{{"name", test.name},
                                 {"statistic", Number(test.statistic)},
                                 {"p_value", Number(test.p_value)},
                                 {"threshold", Number(test.threshold)},
                                 {"drifted", test.drifted}});
  }
  json::array categories;
  for (const NewCategory& category : column.new_categories) {
    categories.push_back(json::object{{"value", category.value}, {"share", category.share}});
  }
  const MissingDrift& missing = column.missing;
  return json::object{
      {"column", column.column},
      {"type", KindName(column.kind)},
      {"tests", std::move(tests)},
      {"adjusted_p_value", Number(column.adjusted_p_value)},
      {"drifted", column.drifted},
      {"reason", column.reason},
      {"missing",
       json::object{{"reference", Number(missing.reference)},
                    {"current", Number(missing.current)},
                    {"difference", IntervalRecord({missing.difference, missing.low, missing.high})},
                    {"p_value", Number(missing.p_value)},
                    {"drifted", missing.drifted}}},
      {"new_categories", std::move(categories)},
      {"reference", Side(column.picture, column.picture.reference)},
      {"current", Side(column.picture, column.picture.current)}};
}

json::value DriftRecord(const DriftReport& report) {
  json::array columns;
  for (const ColumnDrift& column : report.columns) columns.push_back(ColumnRecord(column));
  const DatasetDrift& dataset = report.dataset;
  return json::object{{"columns", std::move(columns)},
                      {"dataset", json::object{{"drifted", dataset.drifted},
                                               {"drifted_columns", dataset.drifted_columns},
                                               {"columns", dataset.columns},
                                               {"share", dataset.share},
                                               {"limit", dataset.limit}}}};
}

json::value LabelsRecord(const LabelJoin& join) {
  return json::object{{"rows", join.rows},
                      {"joined", join.joined},
                      {"unknown", join.unknown},
                      {"coverage", join.coverage}};
}

json::value PerformanceRecord(const std::vector<MetricInterval>& realised,
                              const std::vector<MetricInterval>& expected) {
  return json::object{{"metrics", MetricsRecord(realised)}, {"expected", MetricsRecord(expected)}};
}

json::value ConceptRecord(const ConceptVerdict& verdict) {
  return json::object{{"state", ConceptStateName(verdict.state)}, {"reason", verdict.reason}};
}

json::value TriggerRecord(const TriggerVerdict& verdict) {
  json::array conditions;
  for (const TriggerCondition& condition : verdict.conditions) {
    conditions.push_back(json::object{{"when", condition.when},
                                      {"state", TriggerStateName(condition.state)},
                                      {"reason", condition.reason}});
  }
  return json::object{{"state", TriggerStateName(verdict.state)},
                      {"conditions", std::move(conditions)}};
}

}  // namespace quern::monitoring
