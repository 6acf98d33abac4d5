// Expectations as words for people and as YAML for files.
#include <cmath>

#include "base/text.h"
#include "base/time.h"
#include "data/expectation.h"

namespace quern::data {
namespace {

std::string Bound(double value, bool is_time) {
  if (!is_time) return ShortestDouble(value);
  std::string text = FormatTime(static_cast<int64_t>(value));
  // Midnight is shown, and read back, as a date alone.
  if (const size_t at = text.find("T00:00:00"); at != std::string::npos) text.resize(at);
  return text;
}

std::string RangeWords(const Expectation& e) {
  const bool strict = e.strict_min || e.strict_max;
  if (e.min && e.max) {
    if (*e.min == *e.max) return "is " + Bound(*e.min, e.is_time);
    if (!strict) {
      return "is between " + Bound(*e.min, e.is_time) + " and " + Bound(*e.max, e.is_time);
    }
  }
  std::string low, high;
  if (e.min) low = (e.strict_min ? "greater than " : "at least ") + Bound(*e.min, e.is_time);
  if (e.max) high = (e.strict_max ? "less than " : "at most ") + Bound(*e.max, e.is_time);
  return "is " + low + (low.empty() || high.empty() ? "" : " and ") + high;
}

std::string SetWords(const std::vector<std::string>& values) {
  constexpr size_t kShown = 8;
  std::string out;
  for (size_t i = 0; i < values.size() && i < kShown; ++i) {
    out += (i ? ", " : "") + values[i];
  }
  if (values.size() > kShown) out += ", … (" + std::to_string(values.size()) + " values)";
  return out;
}

std::string TypeWords(ValueType type) {
  switch (type) {
    case ValueType::kNumber:
      return "is a number";
    case ValueType::kInteger:
      return "is a whole number";
    case ValueType::kText:
      return "is text";
    case ValueType::kTime:
      return "is a date or time";
    case ValueType::kBoolean:
      return "is true or false";
  }
  return "";
}

/// "7d" where it is whole days, and so on down to seconds.
std::string Duration(double seconds) {
  constexpr std::pair<double, char> kUnits[] = {{86400, 'd'}, {3600, 'h'}, {60, 'm'}};
  for (const auto& [unit, letter] : kUnits) {
    const double count = seconds / unit;
    if (count >= 1 && count == std::floor(count)) return ShortestDouble(count) + letter;
  }
  return ShortestDouble(seconds) + "s";
}

/// A flow scalar that reads back as the same text: plain where that is safe, else quoted.
std::string Scalar(const std::string& text) {
  if (ParseDouble(text)) return text;
  const std::string lower = ToLower(text);
  for (std::string_view word : {"true", "false", "yes", "no", "on", "off", "null", "y", "n"}) {
    if (lower == word) return "\"" + text + "\"";
  }
  bool plain = !text.empty() && text.back() != ' ';
  bool control = false;
  for (size_t i = 0; i < text.size(); ++i) {
    const unsigned char c = static_cast<unsigned char>(text[i]);
    control = control || c < 0x20 || c == 0x7f;
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
    const bool inner = i > 0 && ((c >= '0' && c <= '9') || c == '.' || c == '-' || c == ' ');
    plain = plain && (letter || inner);
  }
  if (plain) return text;
  if (!control) {
    std::string out = "'";
    for (char c : text) out += c == '\'' ? std::string("''") : std::string(1, c);
    return out + "'";
  }
  static constexpr char kHex[] = "0123456789abcdef";
  std::string out = "\"";
  for (char c : text) {
    const unsigned char u = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (u < 0x20 || u == 0x7f) {
      out += "\\x";
      out += kHex[u >> 4];
      out += kHex[u & 15];
    } else {
      out += c;
    }
  }
  return out + "\"";
}

std::string ScalarList(const std::vector<std::string>& values) {
  std::string out = "[";
  for (size_t i = 0; i < values.size(); ++i) out += (i ? ", " : "") + Scalar(values[i]);
  return out + "]";
}

std::string RangeYaml(const Expectation& e) {
  if (e.min && e.max && !e.strict_min && !e.strict_max) {
    return "[" + Bound(*e.min, e.is_time) + ", " + Bound(*e.max, e.is_time) + "]";
  }
  std::vector<std::string> parts;
  if (e.min) parts.push_back("min: " + Bound(*e.min, e.is_time));
  if (e.max) parts.push_back("max: " + Bound(*e.max, e.is_time));
  if (e.strict_min) parts.push_back("strict_min: true");
  if (e.strict_max) parts.push_back("strict_max: true");
  return "{" + Join(parts, ", ") + "}";
}

std::string ValueYaml(const Expectation& e) {
  switch (e.kind) {
    case CheckKind::kNotNull:
    case CheckKind::kUnique:
      return "true";
    case CheckKind::kBetween:
    case CheckKind::kRowCount:
      return RangeYaml(e);
    case CheckKind::kInSet:
      return ScalarList(e.values);
    case CheckKind::kType:
      return std::string(ValueTypeName(e.type));
    case CheckKind::kRegex:
      return Scalar(e.pattern);
    case CheckKind::kExpression:
      return Scalar(e.expression);
    case CheckKind::kFreshness:
      return Duration(e.within_seconds);
  }
  return "";
}

}  // namespace

std::string DefaultName(const Expectation& e) {
  std::string out = Join(e.columns, "_");
  if (!out.empty()) out += "_";
  return out + std::string(KindName(e.kind));
}

std::string Describe(const Expectation& e) {
  const std::string subject = e.columns.size() > 1 ? "(" + Join(e.columns, ", ") + ")" : e.column();
  switch (e.kind) {
    case CheckKind::kNotNull:
      return subject + " is present";
    case CheckKind::kUnique:
      return subject + " occurs once";
    case CheckKind::kBetween:
      return subject + " " + RangeWords(e);
    case CheckKind::kInSet:
      return subject + " is one of " + SetWords(e.values);
    case CheckKind::kType:
      return subject + " " + TypeWords(e.type);
    case CheckKind::kRegex:
      return subject + " matches " + e.pattern;
    case CheckKind::kExpression:
      return e.expression;
    case CheckKind::kRowCount:
      return "the number of rows " + RangeWords(e);
    case CheckKind::kFreshness:
      return "the newest " + subject + " is at most " + Duration(e.within_seconds) + " old";
  }
  return "";
}

std::string ToYaml(const Expectation& e) {
  std::vector<std::string> parts;
  if (e.columns.size() == 1) parts.push_back("column: " + Scalar(e.columns.front()));
  if (e.columns.size() > 1) parts.push_back("columns: " + ScalarList(e.columns));
  parts.push_back(std::string(KindName(e.kind)) + ": " + ValueYaml(e));
  if (e.mostly != 1) parts.push_back("mostly: " + ShortestDouble(e.mostly));
  if (e.severity == Severity::kWarn) parts.push_back("severity: warn");
  if (!e.name.empty() && e.name != DefaultName(e)) parts.push_back("name: " + Scalar(e.name));
  if (!e.description.empty()) parts.push_back("description: " + Scalar(e.description));
  return "{" + Join(parts, ", ") + "}";
}

}  // namespace quern::data
