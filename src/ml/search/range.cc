#include <algorithm>
#include <cmath>

#include "base/text.h"
#include "ml/search.h"

namespace quern::ml {
namespace {

constexpr const char* kForms =
    "write 2..8 for integers, 0.1..0.9, log(0.01..0.3), or a list such as [a, b]";

ParamValue ParseValue(std::string_view text) {
  text = Trim(text);
  if (text == "true") return true;
  if (text == "false") return false;
  if (const auto number = ParseDouble(text)) return *number;
  if (text.size() >= 2 && (text.front() == '"' || text.front() == '\'') &&
      text.back() == text.front())
    text = text.substr(1, text.size() - 2);
  return std::string(text);
}

std::string ValueText(const ParamValue& value) {
  if (const double* number = std::get_if<double>(&value)) return ShortestDouble(*number);
  if (const bool* flag = std::get_if<bool>(&value)) return *flag ? "true" : "false";
  return std::get<std::string>(value);
}

Result<Range> ParseInterval(std::string_view text, std::string_view inner, bool log) {
  const auto bad = [&](const std::string& why) {
    return Fail(Code::kInvalidArgument, "range '" + std::string(text) + "' " + why, kForms);
  };
  const size_t dots = inner.find("..");
  if (dots == std::string_view::npos) return bad("is not a range");
  const std::string_view left = Trim(inner.substr(0, dots));
  const std::string_view right = Trim(inner.substr(dots + 2));
  const auto low = ParseDouble(left), high = ParseDouble(right);
  if (!low || !high || !std::isfinite(*low) || !std::isfinite(*high))
    return bad("has an end that is not a number");
  if (*low >= *high) return bad("is empty: the first end must be below the second");
  const bool integers = ParseInt(left).has_value() && ParseInt(right).has_value();
  if (log && *low <= 0) return bad("is logarithmic but not positive");
  Range range;
  range.low = *low;
  range.high = *high;
  if (integers) {
    range.kind = log ? Range::Kind::kLogInt : Range::Kind::kInt;
  } else {
    range.kind = log ? Range::Kind::kLogReal : Range::Kind::kReal;
  }
  return range;
}

Status CheckNumber(const ParamDoc& doc, double value) {
  if (doc.low != doc.high && (value < doc.low || value > doc.high))
    return Fail(Code::kInvalidArgument,
                "range of '" + doc.name + "' reaches " + ShortestDouble(value),
                "it may be from " + ShortestDouble(doc.low) + " to " + ShortestDouble(doc.high));
  if (doc.type == "integer" && value != std::round(value))
    return Fail(Code::kInvalidArgument,
                "range of '" + doc.name + "' has " + ShortestDouble(value) +
                    ", but the parameter is an integer",
                "write both ends as integers, such as 2..8");
  return {};
}

Status CheckChoice(const ParamDoc& doc, const ParamValue& value) {
  if (const double* number = std::get_if<double>(&value)) {
    if (doc.type == "integer" || doc.type == "number") return CheckNumber(doc, *number);
  } else if (const std::string* text = std::get_if<std::string>(&value)) {
    if (doc.type == "text" &&
        std::find(doc.choices.begin(), doc.choices.end(), *text) != doc.choices.end())
      return {};
  } else if (doc.type == "boolean") {
    return {};
  }
  return Fail(Code::kInvalidArgument, "range of '" + doc.name + "' has '" + ValueText(value) + "'",
              doc.choices.empty() ? "the parameter's type is " + doc.type
                                  : SuggestName(ValueText(value), doc.choices));
}

Status CheckRange(const ParamDoc& doc, const Range& range) {
  if (range.kind == Range::Kind::kChoice) {
    for (const ParamValue& value : range.choices) QUERN_TRY(CheckChoice(doc, value));
    return {};
  }
  if (doc.type != "integer" && doc.type != "number")
    return Fail(
        Code::kInvalidArgument,
        "range '" + RangeText(range) + "' for '" + doc.name + "', whose type is " + doc.type,
        "give a list of values");
  if (doc.type == "integer" &&
      (range.kind == Range::Kind::kReal || range.kind == Range::Kind::kLogReal))
    return Fail(Code::kInvalidArgument,
                "range '" + RangeText(range) + "' of '" + doc.name + "' is not one of integers",
                "write both ends as integers, such as 2..8");
  QUERN_TRY(CheckNumber(doc, range.low));
  return CheckNumber(doc, range.high);
}

}  // namespace

Result<Range> ParseRange(std::string_view text) {
  const std::string_view body = Trim(text);
  if (body.size() >= 2 && body.front() == '[' && body.back() == ']') {
    std::vector<ParamValue> choices;
    const std::string_view inner = Trim(body.substr(1, body.size() - 2));
    if (!inner.empty())
      for (const std::string_view part : Split(inner, ',')) choices.push_back(ParseValue(part));
    return ChoiceRange(std::move(choices));
  }
  if (StartsWith(body, "log(") && body.back() == ')')
    return ParseInterval(body, body.substr(4, body.size() - 5), true);
  return ParseInterval(body, body, false);
}

Result<Range> ChoiceRange(std::vector<ParamValue> choices) {
  if (choices.empty())
    return Fail(Code::kInvalidArgument, "a list of choices is empty", "give at least one value");
  Range range;
  range.kind = Range::Kind::kChoice;
  range.low = range.high = 0;
  range.choices = std::move(choices);
  return range;
}

std::string RangeText(const Range& range) {
  if (range.kind == Range::Kind::kChoice) {
    std::vector<std::string> parts;
    for (const ParamValue& value : range.choices) parts.push_back(ValueText(value));
    return "[" + Join(parts, ", ") + "]";
  }
  std::string low = ShortestDouble(range.low);
  std::string high = ShortestDouble(range.high);
  const bool real = range.kind == Range::Kind::kReal || range.kind == Range::Kind::kLogReal;
  // Ends that look like integers would read back as a range of integers.
  if (real && ParseInt(low) && ParseInt(high)) low += ".0";
  const bool log = range.kind == Range::Kind::kLogReal || range.kind == Range::Kind::kLogInt;
  const std::string inner = low + ".." + high;
  return log ? "log(" + inner + ")" : inner;
}

Status ValidateSpace(const std::string& kind, const Space& space) {
  const std::vector<std::string> kinds = LearnerKinds();
  if (std::find(kinds.begin(), kinds.end(), kind) == kinds.end())
    return Fail(Code::kInvalidArgument, "no learner '" + kind + "'", SuggestName(kind, kinds));
  const std::vector<ParamDoc>& docs = LearnerParams(kind);
  for (const auto& [name, range] : space) {
    const auto doc =
        std::find_if(docs.begin(), docs.end(), [&](const ParamDoc& d) { return d.name == name; });
    if (doc == docs.end()) {
      std::vector<std::string> names;
      for (const ParamDoc& d : docs) names.push_back(d.name);
      return Fail(Code::kInvalidArgument, kind + " has no parameter '" + name + "' to tune",
                  SuggestName(name, names));
    }
    QUERN_TRY(CheckRange(*doc, range));
  }
  return {};
}

}  // namespace quern::ml
