#include "data/expectation.h"

#include <array>
#include <cmath>
#include <set>
#include <utility>

#include "base/text.h"
#include "base/time.h"
#include "expr/expr.h"

namespace quern::data {
namespace {

constexpr std::array<std::pair<CheckKind, std::string_view>, 9> kKinds = {{
    {CheckKind::kNotNull, "not_null"},
    {CheckKind::kUnique, "unique"},
    {CheckKind::kBetween, "between"},
    {CheckKind::kInSet, "in_set"},
    {CheckKind::kType, "type"},
    {CheckKind::kRegex, "regex"},
    {CheckKind::kExpression, "expression"},
    {CheckKind::kRowCount, "row_count"},
    {CheckKind::kFreshness, "freshness"},
}};

constexpr std::array<std::pair<ValueType, std::string_view>, 5> kValueTypes = {{
    {ValueType::kNumber, "number"},
    {ValueType::kInteger, "integer"},
    {ValueType::kText, "text"},
    {ValueType::kTime, "time"},
    {ValueType::kBoolean, "boolean"},
}};

/// `mostly` of a map, or `fallback`.
Result<double> ReadMostly(YamlMap& map, double fallback) {
  QUERN_ASSIGN(const double mostly, map.Number("mostly", fallback));
  if (!(mostly >= 0 && mostly <= 1)) {
    const YamlNode* node = map.Get("mostly");
    return FailAt(node ? node->where : map.where(),
                  "mostly is " + ShortestDouble(mostly) + ", a share from 0 to 1 was expected",
                  "0.95 lets one value in twenty fail");
  }
  return mostly;
}

/// One bound: nothing for null, a number, or a date or time as milliseconds.
Result<std::optional<double>> ReadBound(const YamlNode* node, bool* is_time) {
  if (node == nullptr || node->IsNull()) return std::optional<double>();
  if (!node->IsScalar()) return FailAt(node->where, "expected a number or a date as a bound");
  if (auto number = ParseDouble(node->scalar)) {
    if (!std::isfinite(*number)) {
      return FailAt(node->where, "the bound '" + node->scalar + "' is not finite",
                    "leave the bound out, or write null, for an open side");
    }
    return number;
  }
  auto time = ParseTime(node->scalar);
  if (!time) {
    return FailAt(node->where, "expected a number or a date as a bound, got '" + node->scalar + "'",
                  "write 18, 0.5 or 2024-01-31");
  }
  *is_time = true;
  return std::optional<double>(static_cast<double>(*time));
}

Status ReadBounds(const YamlNode* low, const YamlNode* high, const Position& where,
                  Expectation* out) {
  bool low_time = false, high_time = false;
  QUERN_ASSIGN(out->min, ReadBound(low, &low_time));
  QUERN_ASSIGN(out->max, ReadBound(high, &high_time));
  if (out->min && out->max && low_time != high_time) {
    return FailAt(where, "one bound is a number and the other a time");
  }
  out->is_time = low_time || high_time;
  if (!out->min && !out->max) {
    return FailAt(where, "neither min nor max is given", "write [18, 100] or {min: 18}");
  }
  if (out->min && out->max && *out->min > *out->max) {
    return FailAt(where, "min is greater than max", "swap the two bounds");
  }
  return {};
}

/// [low, high], or a map with min, max and, where `strict`, strict_min and strict_max.
Status ReadRange(const YamlNode& node, bool strict, bool mostly, Expectation* out) {
  if (node.IsList()) {
    if (node.items.size() != 2) return FailAt(node.where, "expected [min, max]");
    return ReadBounds(&node.items[0], &node.items[1], node.where, out);
  }
  if (!node.IsMap()) return FailAt(node.where, "expected [min, max] or a map with min and max");
  YamlMap map(&node, std::string(KindName(out->kind)));
  const YamlNode* low = map.Get("min");
  const YamlNode* high = map.Get("max");
  if (strict) {
    QUERN_ASSIGN(out->strict_min, map.Bool("strict_min", false));
    QUERN_ASSIGN(out->strict_max, map.Bool("strict_max", false));
  }
  if (mostly) {
    QUERN_ASSIGN(out->mostly, ReadMostly(map, out->mostly));
  }
  QUERN_TRY(map.Finish());
  return ReadBounds(low, high, node.where, out);
}

/// not_null and unique: true, nothing, or {mostly: …}.
Status ReadFlag(const YamlNode& node, Expectation* out) {
  if (node.IsNull()) return {};
  if (node.IsMap()) {
    YamlMap map(&node, std::string(KindName(out->kind)));
    QUERN_ASSIGN(out->mostly, ReadMostly(map, out->mostly));
    return map.Finish();
  }
  QUERN_ASSIGN(const bool on, node.AsBool());
  if (on) return {};
  return FailAt(node.where, std::string(KindName(out->kind)) + ": false expects nothing",
                "remove the rule");
}

/// The short form `kind: VALUE`, or the value under `key` of a map that may hold `mostly`.
Result<const YamlNode*> ValueOrKey(const YamlNode& node, std::string_view key, Expectation* out) {
  if (!node.IsMap()) return &node;
  YamlMap map(&node, std::string(KindName(out->kind)));
  const YamlNode* value = map.Get(key);
  QUERN_ASSIGN(out->mostly, ReadMostly(map, out->mostly));
  QUERN_TRY(map.Finish());
  if (value == nullptr) {
    return FailAt(node.where,
                  std::string(KindName(out->kind)) + " needs '" + std::string(key) + "'");
  }
  return value;
}

Status ReadRowCount(const YamlNode& node, Expectation* out) {
  if (node.IsScalar()) {
    QUERN_ASSIGN(const int64_t rows, node.AsInt());
    out->min = out->max = static_cast<double>(rows);
    return {};
  }
  QUERN_TRY(ReadRange(node, /*strict=*/false, /*mostly=*/false, out));
  if (out->is_time) return FailAt(node.where, "a number of rows was expected, got a time");
  return {};
}

Status ReadFreshness(const YamlNode& node, Expectation* out) {
  const YamlNode* within = &node;
  YamlMap map(node.IsMap() ? &node : nullptr, "freshness");
  if (node.IsMap()) {
    QUERN_ASSIGN(std::string column, map.Text("column", out->column()));
    within = map.Get("within");
    QUERN_TRY(map.Finish());
    out->columns = {std::move(column)};
    if (within == nullptr) return FailAt(node.where, "freshness needs 'within'", "within: 7d");
  }
  QUERN_ASSIGN(const std::string text, within->AsText());
  auto seconds = ParseDuration(text);
  if (!seconds) return FailAt(within->where, seconds.error().message, seconds.error().hint);
  out->within_seconds = *seconds;
  return {};
}

Status ReadKind(const YamlNode& node, Expectation* out) {
  switch (out->kind) {
    case CheckKind::kNotNull:
    case CheckKind::kUnique:
      return ReadFlag(node, out);
    case CheckKind::kBetween:
      return ReadRange(node, /*strict=*/true, /*mostly=*/true, out);
    case CheckKind::kInSet: {
      QUERN_ASSIGN(const YamlNode* value, ValueOrKey(node, "values", out));
      QUERN_ASSIGN(out->values, value->AsTextList());
      if (out->values.empty()) return FailAt(value->where, "in_set has no values");
      return {};
    }
    case CheckKind::kType: {
      QUERN_ASSIGN(const YamlNode* value, ValueOrKey(node, "is", out));
      QUERN_ASSIGN(const std::string text, value->AsText());
      std::vector<std::string> known;
      for (const auto& [type, name] : kValueTypes) {
        if (name == text) {
          out->type = type;
          return {};
        }
        known.emplace_back(name);
      }
      return FailAt(value->where, "unknown type '" + text + "'", SuggestName(text, known));
    }
    case CheckKind::kRegex: {
      QUERN_ASSIGN(const YamlNode* value, ValueOrKey(node, "pattern", out));
      QUERN_ASSIGN(out->pattern, value->AsText());
      return {};
    }
    case CheckKind::kExpression: {
      QUERN_ASSIGN(const YamlNode* value, ValueOrKey(node, "holds", out));
      QUERN_ASSIGN(out->expression, value->AsText());
      QUERN_TRY(expr::Parse(*value));
      out->where = value->where;
      return {};
    }
    case CheckKind::kRowCount:
      return ReadRowCount(node, out);
    case CheckKind::kFreshness:
      return ReadFreshness(node, out);
  }
  return {};
}

/// Rules about which kinds have columns and which know `mostly`.
Status CheckShape(const Expectation& e, bool mostly_given) {
  const std::string kind(KindName(e.kind));
  const bool of_table = e.kind == CheckKind::kExpression || e.kind == CheckKind::kRowCount;
  if (of_table && !e.columns.empty()) {
    return FailAt(e.where, kind + " is about whole rows: it takes no column",
                  "remove 'column'; an expression names the columns it reads");
  }
  if (!of_table && (e.columns.empty() || e.columns.front().empty())) {
    return FailAt(e.where, kind + " needs 'column'", "{column: age, " + kind + ": …}");
  }
  if (e.columns.size() > 1 && e.kind != CheckKind::kUnique) {
    return FailAt(e.where, kind + " is about one column, got " + std::to_string(e.columns.size()),
                  "only 'unique' takes several");
  }
  if (mostly_given && (e.kind == CheckKind::kRowCount || e.kind == CheckKind::kFreshness)) {
    return FailAt(e.where, "mostly has no meaning for " + kind, "remove it");
  }
  return {};
}

Status ParseItem(const YamlNode& node, std::vector<Expectation>* out) {
  if (!node.IsMap()) {
    return FailAt(node.where, "an expectation is a map, got " + std::string(node.KindName()),
                  "- {column: age, between: [18, 100]}");
  }
  YamlMap map(&node, "expectation");
  Expectation base;
  base.where = node.where;
  QUERN_ASSIGN(base.columns, map.TextList("columns"));
  QUERN_ASSIGN(const std::vector<std::string> column, map.TextList("column"));
  if (!column.empty() && !base.columns.empty()) {
    return FailAt(node.where, "both 'column' and 'columns' are given", "keep one");
  }
  if (!column.empty()) base.columns = column;
  QUERN_ASSIGN(base.name, map.Text("name", ""));
  QUERN_ASSIGN(base.description, map.Text("description", ""));
  QUERN_ASSIGN(const std::string severity, map.Choice("severity", "error", {"error", "warn"}));
  base.severity = severity == "warn" ? Severity::kWarn : Severity::kError;
  const bool mostly_given = map.Get("mostly") != nullptr;
  QUERN_ASSIGN(base.mostly, ReadMostly(map, 1));

  size_t kinds = 0;
  std::vector<std::string> names;
  for (const auto& [kind, name] : kKinds) {
    names.emplace_back(name);
    const YamlNode* value = map.Get(name);
    if (value == nullptr) continue;
    ++kinds;
    Expectation one = base;
    one.kind = kind;
    QUERN_TRY(ReadKind(*value, &one));
    QUERN_TRY(CheckShape(one, mostly_given));
    out->push_back(std::move(one));
  }
  QUERN_TRY(map.Finish());
  if (kinds == 0) {
    return FailAt(node.where, "the expectation expects nothing",
                  "add one of: " + Join(names, ", "));
  }
  if (kinds > 1 && !base.name.empty()) {
    return FailAt(node.where, "one name for " + std::to_string(kinds) + " rules",
                  "write each rule as an item of its own, or leave the name out");
  }
  return {};
}

/// Fills the names that were left out and refuses the same name twice.
Status NameAll(std::vector<Expectation>* list) {
  std::set<std::string> taken;
  for (const Expectation& e : *list) {
    if (!e.name.empty() && !taken.insert(e.name).second) {
      return FailAt(e.where, "the name '" + e.name + "' is used twice", "rename one rule");
    }
  }
  for (Expectation& e : *list) {
    if (!e.name.empty()) continue;
    const std::string stem = DefaultName(e);
    e.name = stem;
    for (int n = 2; !taken.insert(e.name).second; ++n) e.name = stem + "_" + std::to_string(n);
  }
  return {};
}

}  // namespace

std::string_view KindName(CheckKind kind) {
  for (const auto& [known, name] : kKinds) {
    if (known == kind) return name;
  }
  return "";
}

std::string_view SeverityName(Severity severity) {
  return severity == Severity::kError ? "error" : "warn";
}

std::string_view ValueTypeName(ValueType type) {
  for (const auto& [known, name] : kValueTypes) {
    if (known == type) return name;
  }
  return "";
}

Status ValidateExpectations(std::span<const Expectation> expectations,
                            std::span<const std::string> known) {
  const auto check = [&](const std::string& name, const Position& where) -> Status {
    for (const std::string& one : known) {
      if (one == name) return {};
    }
    return FailAt(where, "unknown column '" + name + "'", SuggestName(name, known));
  };
  for (const Expectation& e : expectations) {
    for (const std::string& name : e.columns) QUERN_TRY(check(name, e.where));
    if (e.kind != CheckKind::kExpression) continue;
    QUERN_ASSIGN(const expr::Expr parsed, expr::Parse(e.expression, e.where));
    for (const expr::ColumnRef& ref : expr::Columns(parsed)) {
      QUERN_TRY(check(ref.name, ref.where));
    }
  }
  return {};
}

Result<std::vector<Expectation>> ParseExpectations(const YamlNode* node) {
  std::vector<Expectation> out;
  if (node == nullptr || node->IsNull()) return out;
  if (!node->IsList()) {
    return FailAt(node->where, "expectations are a list, got " + std::string(node->KindName()),
                  "- {column: age, between: [18, 100]}");
  }
  for (const YamlNode& item : node->items) QUERN_TRY(ParseItem(item, &out));
  QUERN_TRY(NameAll(&out));
  return out;
}

Result<std::vector<Expectation>> ParseExpectationsText(std::string_view text,
                                                       std::string_view file_name) {
  QUERN_ASSIGN(const YamlNode root, ParseYaml(text, file_name));
  if (!root.IsMap()) return ParseExpectations(&root);
  YamlMap map(&root, std::string(file_name));
  const YamlNode* list = map.Get("expectations");
  QUERN_TRY(map.Finish());
  return ParseExpectations(list);
}

}  // namespace quern::data
