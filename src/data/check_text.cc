#include "data/check_text.h"

#include <algorithm>
#include <boost/json.hpp>
#include <cmath>

#include "base/text.h"
#include "base/time.h"

namespace quern::data {
namespace {

std::string ShownValue(const CheckExample& example) {
  if (example.value.size() == 1) return table::ToText(example.value.front().second);
  std::string out;
  for (const auto& [name, value] : example.value) {
    out += (out.empty() ? "" : ", ") + name + " = " +
           (table::IsNull(value) ? "missing" : table::ToText(value));
  }
  return out;
}

/// " (0, 0, 0, …)": the first broken values.
std::string FirstValues(const CheckOutcome& outcome) {
  constexpr size_t kShown = 3;
  if (outcome.examples.empty()) return "";
  std::string out = " (";
  const bool rows = outcome.expectation.kind == CheckKind::kExpression;
  // The values of many columns would drown the sentence; the record has them.
  const bool numbers = outcome.expectation.columns.size() > 2;
  for (size_t i = 0; i < outcome.examples.size() && i < kShown; ++i) {
    const CheckExample& example = outcome.examples[i];
    if (i) out += rows ? "; " : ", ";
    if (rows) out += "row " + std::to_string(example.row) + ": ";
    out += numbers ? "row " + std::to_string(example.row) : ShownValue(example);
  }
  if (outcome.failed > static_cast<int64_t>(kShown)) out += rows ? "; …" : ", …";
  return out + ")";
}

/// "; that is 4.1 %, up to 5 % is allowed" where the rule lets some fail.
std::string Allowance(const CheckOutcome& outcome) {
  const double mostly = outcome.expectation.mostly;
  if (mostly >= 1) return "";
  return "; that is " + Percent(outcome.share()) + ", up to " + Percent(1 - mostly) + " is allowed";
}

std::string PassedWords(CheckKind kind, const std::string& count) {
  switch (kind) {
    case CheckKind::kNotNull:
      return "in all " + count + " rows";
    case CheckKind::kUnique:
      return "all " + count + " do";
    case CheckKind::kRegex:
      return "all " + count + " values do";
    case CheckKind::kExpression:
      return "true in all " + count + " rows that can tell";
    default:
      return "all " + count + " values are";
  }
}

std::string FailedWords(CheckKind kind, const std::string& counts) {
  switch (kind) {
    case CheckKind::kNotNull:
      return counts + " values are missing";
    case CheckKind::kUnique:
      return counts + " occur more than once";
    case CheckKind::kRegex:
      return counts + " values do not";
    case CheckKind::kExpression:
      return "false in " + counts + " rows";
    default:
      return counts + " values are not";
  }
}

/// A cell of an example; non-finite numbers have no JSON form.
json::value CellJson(const table::Value& value) {
  if (const auto* flag = std::get_if<bool>(&value)) return *flag;
  if (const auto* integer = std::get_if<int64_t>(&value)) return *integer;
  if (const auto* number = std::get_if<double>(&value)) {
    return std::isfinite(*number) ? json::value(*number) : json::value(nullptr);
  }
  if (const auto* text = std::get_if<std::string>(&value)) return json::value(*text);
  return nullptr;
}

json::object CellsJson(const std::vector<std::pair<std::string, table::Value>>& cells) {
  json::object out;
  for (const auto& [name, value] : cells) out[name] = CellJson(value);
  return out;
}

json::object OutcomeJson(const CheckOutcome& outcome) {
  const Expectation& e = outcome.expectation;
  json::array examples;
  for (const CheckExample& example : outcome.examples) {
    json::value value = example.value.size() == 1 ? CellJson(example.value.front().second)
                                                  : json::value(CellsJson(example.value));
    examples.push_back(json::object{
        {"row", example.row}, {"key", CellsJson(example.key)}, {"value", std::move(value)}});
  }
  json::value column = nullptr;
  if (!e.columns.empty()) column = json::value(Join(e.columns, ", "));
  json::value observed = nullptr;
  if (outcome.observed) observed = json::value(*outcome.observed);
  return {{"name", e.name},
          {"kind", KindName(e.kind)},
          {"column", std::move(column)},
          {"dimension", DimensionName(DimensionOf(e.kind))},
          {"severity", SeverityName(e.severity)},
          {"mostly", e.mostly},
          {"success", outcome.success},
          {"evaluated", outcome.evaluated},
          {"failed", outcome.failed},
          {"share", outcome.share()},
          {"observed", std::move(observed)},
          {"text", outcome.text},
          {"description", e.description},
          {"examples", std::move(examples)}};
}

json::object ScoreJson(const QualityScore& score) {
  json::value value = nullptr;
  if (score.value) value = *score.value;
  return {{"value", std::move(value)}, {"formula", score.formula}};
}

}  // namespace

std::string BoundText(double value, bool is_time) {
  return is_time ? FormatTime(static_cast<int64_t>(value)) : ShortestDouble(value);
}

std::optional<std::string> StrangeValues(const CheckOutcome& outcome) {
  std::vector<std::string> seen;
  for (const CheckExample& example : outcome.examples) {
    std::string text = ShownValue(example);
    if (std::find(seen.begin(), seen.end(), text) == seen.end()) seen.push_back(std::move(text));
  }
  if (seen.empty()) return std::nullopt;
  return Join(seen, ", ");
}

std::string Sentence(const CheckOutcome& outcome, int64_t rows) {
  const Expectation& e = outcome.expectation;
  const std::string rule = Describe(e) + ": ";
  if (e.kind == CheckKind::kRowCount) {
    return rule + (rows == 1 ? "there is " : "there are ") + std::to_string(rows);
  }
  if (e.kind == CheckKind::kFreshness) return rule + outcome.observed.value_or("");
  if (outcome.evaluated == 0) {
    if (rows == 0) return rule + "the table has no rows";
    return rule + "nothing to look at, missing in all " + std::to_string(rows) + " rows";
  }
  if (outcome.failed == 0) return rule + PassedWords(e.kind, std::to_string(outcome.evaluated));
  const std::string counts =
      std::to_string(outcome.failed) + " of " + std::to_string(outcome.evaluated);
  const std::string first = e.kind == CheckKind::kNotNull ? "" : FirstValues(outcome);
  return rule + FailedWords(e.kind, counts) + first + Allowance(outcome);
}

json::value ToJson(const CheckReport& report) {
  json::array checks;
  for (const CheckOutcome& outcome : report.checks) checks.push_back(OutcomeJson(outcome));
  return json::object{
      {"source", report.source},
      {"rows", report.rows},
      {"success", report.success},
      {"checks", std::move(checks)},
      {"scores", json::object{{"completeness", ScoreJson(report.scores.completeness)},
                              {"validity", ScoreJson(report.scores.validity)},
                              {"consistency", ScoreJson(report.scores.consistency)},
                              {"timeliness", ScoreJson(report.scores.timeliness)}}}};
}

}  // namespace quern::data
