// The record "explore".
#include <algorithm>
#include <boost/json.hpp>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <iterator>

#include "data/profile.h"

namespace quern::data {
namespace {

constexpr size_t kShownValues = 10;

/// Sums over many rows differ in their last bits with the order of adding, that is with the number
/// of threads; twelve digits do not.
json::value Rounded(std::optional<double> value) {
  if (!value || !std::isfinite(*value)) return nullptr;
  char text[40];
  std::snprintf(text, sizeof text, "%.12g", *value);
  return std::strtod(text, nullptr);
}

json::value Exact(std::optional<double> value) {
  if (!value || !std::isfinite(*value)) return nullptr;
  return *value;
}

json::value Counted(std::optional<int64_t> value) {
  if (!value) return nullptr;
  return *value;
}

json::array Doubles(const std::vector<double>& values, bool rounded) {
  json::array out;
  for (double value : values) out.push_back(rounded ? Rounded(value) : Exact(value));
  return out;
}

json::array TopJson(const std::vector<TopValue>& top) {
  json::array out;
  for (size_t i = 0; i < top.size() && i < kShownValues; ++i) {
    out.push_back(json::object{{"value", top[i].value}, {"count", top[i].count}});
  }
  return out;
}

json::value HistogramJson(const std::optional<Histogram>& histogram) {
  if (!histogram) return nullptr;
  json::array counts;
  for (int64_t count : histogram->counts) counts.push_back(count);
  return json::object{{"edges", Doubles(histogram->edges, false)}, {"counts", std::move(counts)}};
}

json::value QuantilesJson(const std::vector<double>& quantiles) {
  if (quantiles.size() != std::size(kQuantiles)) return nullptr;
  json::object out;
  const char* const names[] = {"0.05", "0.25", "0.5", "0.75", "0.95"};
  for (size_t i = 0; i < quantiles.size(); ++i) out[names[i]] = quantiles[i];
  return out;
}

json::value RelationJson(const std::optional<TargetRelation>& relation, bool regression) {
  if (!relation) return nullptr;
  json::array bins;
  for (const TargetBin& bin : relation->bins) {
    json::object one{{"label", bin.label}, {"count", bin.count}};
    one[regression ? "mean" : "rate"] = Rounded(bin.value);
    if (!bin.rates.empty()) one["rates"] = Doubles(bin.rates, true);
    bins.push_back(std::move(one));
  }
  json::object out{{"measure", relation->measure}, {"value", Rounded(relation->value)}};
  if (!relation->direction.empty()) out["direction"] = relation->direction;
  out["bins"] = std::move(bins);
  return out;
}

json::object ColumnJson(const ColumnProfile& column, const TableProfile& profile) {
  const bool number = column.type == ProfileType::kNumber;
  const bool time = column.type == ProfileType::kTime;
  const double share =
      profile.rows == 0 ? 0
                        : static_cast<double>(column.missing) / static_cast<double>(profile.rows);
  json::object out{{"name", column.name},
                   {"type", ProfileTypeName(column.type)},
                   {"physical", column.physical},
                   {"missing", column.missing},
                   {"missing_share", share},
                   {"distinct", column.distinct},
                   {"zeros", number ? json::value(column.zeros) : json::value(nullptr)},
                   {"infinite", number ? json::value(column.infinite) : json::value(nullptr)},
                   {"mean", Rounded(column.mean)},
                   {"std", Rounded(column.std)},
                   {"min", time ? json::value(column.min_time) : Exact(column.min)},
                   {"max", time ? json::value(column.max_time) : Exact(column.max)},
                   {"skew", Rounded(column.skew)},
                   {"quantiles", QuantilesJson(column.quantiles)}};
  out["outliers"] = json::object{{"iqr", Counted(column.outliers_iqr)},
                                 {"modified_z", Counted(column.outliers_modified_z)}};
  out["histogram"] = HistogramJson(column.histogram);
  out["top"] = TopJson(column.top);
  out["target"] =
      RelationJson(column.target, profile.target && profile.target->task == "regression");
  return out;
}

json::value TargetJson(const TableProfile& profile) {
  if (!profile.target) return nullptr;
  const TargetProfile& target = *profile.target;
  json::array classes;
  const auto labelled = static_cast<double>(profile.rows - target.missing);
  for (const TopValue& one : target.classes) {
    classes.push_back(json::object{{"label", one.value},
                                   {"count", one.count},
                                   {"share", static_cast<double>(one.count) / labelled}});
  }
  json::value positive = nullptr;
  if (!target.positive.empty()) positive = json::value(target.positive);
  return json::object{{"name", target.name},
                      {"task", target.task},
                      {"positive", std::move(positive)},
                      {"missing", target.missing},
                      {"classes", std::move(classes)},
                      {"imbalance", Rounded(target.imbalance)}};
}

json::object AssociationsJson(const TableProfile& profile) {
  json::array columns, cells;
  for (const std::string& name : profile.association_columns) columns.push_back(json::value(name));
  for (const Association& one : profile.associations) {
    cells.push_back(json::object{{"a", one.a},
                                 {"b", one.b},
                                 {"measure", one.measure},
                                 {"value", Rounded(one.value)},
                                 {"rows", one.rows}});
  }
  return {{"columns", std::move(columns)},
          {"rows", profile.association_rows},
          {"cells", std::move(cells)}};
}

}  // namespace

json::value ToJson(const TableProfile& profile) {
  json::array columns, patterns, correlation, alerts;
  for (const ColumnProfile& column : profile.columns)
    columns.push_back(ColumnJson(column, profile));
  for (const MissingPattern& pattern : profile.missing_patterns) {
    json::array names;
    for (const std::string& name : pattern.columns) names.push_back(json::value(name));
    patterns.push_back(json::object{
        {"columns", std::move(names)},
        {"count", pattern.count},
        {"share", static_cast<double>(pattern.count) / static_cast<double>(profile.rows)}});
  }
  for (const Association& one : profile.missing_correlation) {
    correlation.push_back(json::object{{"a", one.a}, {"b", one.b}, {"value", Rounded(one.value)}});
  }
  for (const Alert& alert : profile.alerts) {
    json::value column = nullptr;
    if (!alert.column.empty()) column = json::value(alert.column);
    alerts.push_back(json::object{{"kind", alert.kind},
                                  {"column", std::move(column)},
                                  {"harm", Rounded(alert.harm)},
                                  {"text", alert.text}});
  }
  return json::object{{"source", profile.source},
                      {"rows", profile.rows},
                      {"duplicate_rows", profile.duplicate_rows},
                      {"columns", std::move(columns)},
                      {"target", TargetJson(profile)},
                      {"associations", AssociationsJson(profile)},
                      {"missing_patterns", std::move(patterns)},
                      {"missing_correlation", std::move(correlation)},
                      {"alerts", std::move(alerts)}};
}

Result<json::value> Profile(table::Session& session, const std::string& table_sql,
                            const ProfileOptions& options) {
  QUERN_ASSIGN(const TableProfile profile, ProfileTable(session, table_sql, options));
  return ToJson(profile);
}

}  // namespace quern::data
