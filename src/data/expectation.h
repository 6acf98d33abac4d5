#pragma once
// What a team expects of a table: typed rules, read from YAML and written back to it.
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/yaml.h"

namespace quern::data {

enum class CheckKind {
  kNotNull,     // the value is there
  kUnique,      // the value (or the combination of `columns`) occurs once
  kBetween,     // min <= value <= max, either bound may be open or strict
  kInSet,       // one of `values`
  kType,        // the value reads as `type`
  kRegex,       // RE2 pattern found in the value; anchor it with ^ and $
  kExpression,  // a condition over several columns is true
  kRowCount,    // min <= rows <= max
  kFreshness,   // the newest time is at most `within_seconds` old
};
/// "not_null", "unique", … as in YAML and in records.
std::string_view KindName(CheckKind kind);

enum class Severity { kError, kWarn };
std::string_view SeverityName(Severity severity);

enum class ValueType { kNumber, kInteger, kText, kTime, kBoolean };
std::string_view ValueTypeName(ValueType type);

/// One rule. Which fields count is said by `kind`; a plain value.
struct Expectation {
  CheckKind kind = CheckKind::kNotNull;
  std::string name;                  // unique within a list; DefaultName() unless given
  std::string description;           // why the rule holds, for people
  std::vector<std::string> columns;  // one; several for kUnique; none for kExpression, kRowCount
  double mostly = 1;                 // share of evaluated values that must pass, in [0, 1]
  Severity severity = Severity::kError;
  std::optional<double> min, max;  // kBetween (milliseconds since the epoch if is_time), kRowCount
  bool strict_min = false, strict_max = false;
  bool is_time = false;             // kBetween: the bounds are dates or times
  std::vector<std::string> values;  // kInSet
  ValueType type = ValueType::kNumber;
  std::string pattern;        // kRegex
  std::string expression;     // kExpression, in the expression language of the project
  double within_seconds = 0;  // kFreshness
  Position where;             // of the rule in its file, for later complaints

  /// The only column, or "".
  std::string column() const { return columns.size() == 1 ? columns.front() : std::string(); }
};

/// "chol_between", "expression_2"-style names are made by ParseExpectations; this is the stem.
std::string DefaultName(const Expectation& expectation);
/// What the rule says, in words: "chol is between 1 and 700".
std::string Describe(const Expectation& expectation);

/// Reads a list of maps. An item names `column` (or `columns`) and one or more kinds:
///   - {column: age, between: [18, 100]}
///   - {column: chol, not_null: {mostly: 0.95}, severity: warn}
///   - {expression: "trestbps > 0 OR trestbps IS NULL", name: pressure_measured}
/// several kinds in one item give one expectation each. Every kind takes its short form or a map
/// with `mostly`; `mostly`, `severity`, `name` and `description` may also stand beside it. A null
/// node is an empty list. Errors: kInvalidArgument with the position.
Result<std::vector<Expectation>> ParseExpectations(const YamlNode* node);
/// The same from the text of a file whose document is the list, or a map with `expectations:`.
Result<std::vector<Expectation>> ParseExpectationsText(std::string_view text,
                                                       std::string_view file_name);

/// Complains about the first column that is not among `known`, at the rule's position, and about
/// expressions that do not parse.
Status ValidateExpectations(std::span<const Expectation> expectations,
                            std::span<const std::string> known);

/// One item of a YAML list without its "- ": "{column: age, between: [18, 100]}". Reads back as the
/// same.
std::string ToYaml(const Expectation& expectation);

}  // namespace quern::data
