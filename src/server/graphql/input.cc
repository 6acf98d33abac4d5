#include "server/graphql/input.h"

#include <algorithm>
#include <charconv>
#include <set>

#include "base/text.h"
#include "serving/json_text.h"

namespace quern::server::graphql {
namespace {

using Kind = Value::Kind;

constexpr size_t kShown = 300;

void Append(std::string* out, const Value& value, Origin origin) {
  const bool literal = origin == Origin::kLiteral;
  if (out->size() > kShown) return;
  switch (value.kind) {
    case Kind::kVariable:
      out->append("$").append(value.text);
      return;
    case Kind::kString:
      if (literal) return serving::AppendJsonText(out, value.text);
      out->append("'").append(value.text).append("'");
      return;
    case Kind::kBoolean:
      out->append(literal ? value.text : value.text == "true" ? "True" : "False");
      return;
    case Kind::kNull:
      out->append(literal ? "null" : "None");
      return;
    case Kind::kInt:
    case Kind::kFloat:
    case Kind::kEnum:
      out->append(value.text);
      return;
    case Kind::kList:
      serving::AppendJsonList(out, value.items.size(), [&](size_t i) {
        if (i > 0) out->push_back(' ');
        Append(out, value.items[i], origin);
      });
      return;
    case Kind::kObject:
      out->push_back('{');
      for (size_t i = 0; i < value.members.size() && out->size() <= kShown; ++i) {
        const auto& [name, member] = value.members[i];
        if (i > 0) out->append(", ");
        out->append(literal ? name : "'" + name + "'").append(": ");
        Append(out, member, origin);
      }
      out->push_back('}');
      return;
  }
}

std::optional<int64_t> WholeNumber(std::string_view text) {
  int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

/// A whole number of a variable may be written 3.0.
std::optional<int64_t> WholeOf(const Value& value, Origin origin) {
  if (value.kind == Kind::kInt) return WholeNumber(value.text);
  if (value.kind != Kind::kFloat || origin == Origin::kLiteral) return std::nullopt;
  double number = 0;
  const char* const end = value.text.data() + value.text.size();
  const auto read = std::from_chars(value.text.data(), end, number);
  constexpr double kLimit = 9007199254740992.0;  // 2^53: beyond, not each integer is a double
  const bool whole = read.ec == std::errc() && read.ptr == end && number > -kLimit &&
                     number < kLimit && number == static_cast<double>(static_cast<int64_t>(number));
  return whole ? std::optional(static_cast<int64_t>(number)) : std::nullopt;
}

}  // namespace

Value FromJson(JsonRef json) {
  Value value;
  value.text = std::string(json.text());
  switch (json.kind()) {
    case JsonKind::kNull:
      value.kind = Kind::kNull;
      break;
    case JsonKind::kFalse:
    case JsonKind::kTrue:
      value.kind = Kind::kBoolean;
      value.text = json.Is(JsonKind::kTrue) ? "true" : "false";
      break;
    case JsonKind::kNumber:
      value.kind =
          value.text.find_first_of(".eENI") == std::string::npos ? Kind::kInt : Kind::kFloat;
      break;
    case JsonKind::kString:
      value.kind = Kind::kString;
      break;
    case JsonKind::kArray:
      value.kind = Kind::kList;
      json.ForEach([&](JsonRef item) { value.items.push_back(FromJson(item)); });
      break;
    case JsonKind::kObject:
      value.kind = Kind::kObject;
      json.ForEachMember([&](std::string_view name, JsonRef member) {
        value.members.emplace_back(name, FromJson(member));
      });
      break;
  }
  return value;
}

std::string ShowValue(const Value& value, Origin origin) {
  std::string out;
  Append(&out, value, origin);
  if (out.size() <= kShown) return out;
  // Never half a character.
  size_t end = kShown;
  while (end > 0 && (static_cast<unsigned char>(out[end]) & 0xC0) == 0x80) --end;
  return out.substr(0, end) + "...";
}

std::string Suggest(std::string_view word, const std::vector<std::string>& known) {
  const auto near = DidYouMean(word, known);
  return near ? " Did you mean '" + *near + "'?" : "";
}

bool Coercer::IsUnset(const Value& value) const {
  return value.kind == Kind::kVariable && variables_ != nullptr &&
         !variables_->contains(value.text);
}

void Coercer::Coerce(const TypeRef& type, const Value& value, const std::string& path,
                     std::string* out) {
  if (value.kind == Kind::kVariable) {
    // Its type was held against this place when the document was validated.
    const bool known = variables_ != nullptr && variables_->contains(value.text);
    out->append(known ? variables_->find(value.text)->second : "null");
    return;
  }
  if (value.kind == Kind::kNull) {
    if (type.non_null) {
      Wrong(path, value,
            origin_ == Origin::kLiteral
                ? "Expected value of type '" + type.Show() + "', found null."
                : "Expected non-nullable type '" + type.Show() + "' not to be None.");
    }
    out->append("null");
    return;
  }
  if (type.item) return CoerceList(type, value, path, out);
  const Type* const named = schema_.Find(type.name);
  if (named == nullptr) return;
  if (named->kind == Type::Kind::kInput) return CoerceObject(*named, value, path, out);
  if (named->kind == Type::Kind::kEnum) return CoerceEnum(*named, value, path, out);
  CoerceScalar(*named, value, path, out);
}

void Coercer::CoerceList(const TypeRef& type, const Value& value, const std::string& path,
                         std::string* out) {
  // One value where a list is wanted is a list of it.
  const bool list = value.kind == Kind::kList;
  serving::AppendJsonList(out, list ? value.items.size() : 1, [&](size_t i) {
    if (!list) return Coerce(*type.item, value, path, out);
    Coerce(*type.item, value.items[i], path + "[" + std::to_string(i) + "]", out);
  });
}

void Coercer::CoerceObject(const Type& type, const Value& value, const std::string& path,
                           std::string* out) {
  if (value.kind != Kind::kObject) {
    Wrong(path, value,
          origin_ == Origin::kLiteral ? "Expected value of type '" + type.name + "', found " +
                                            ShowValue(value, origin_) + "."
                                      : "Expected type '" + type.name + "' to be a mapping.");
    return;
  }
  std::set<std::string_view> seen;
  out->push_back('{');
  for (const auto& [name, member] : value.members) {
    const InputField* const field = FindInput(type.inputs, name);
    if (field == nullptr) {
      std::vector<std::string> known;
      for (const InputField& one : type.inputs) known.push_back(one.name);
      Wrong(path, value,
            "Field '" + name + "' is not defined by type '" + type.name + "'." +
                Suggest(name, known));
      continue;
    }
    if (!seen.insert(field->name).second) {
      Wrong(path, value, "There can be only one input field named '" + name + "'.");
    }
    if (IsUnset(member)) continue;
    if (out->back() != '{') out->push_back(',');
    serving::AppendJsonText(out, field->key);
    out->push_back(':');
    Coerce(field->type, member, path + "." + name, out);
  }
  for (const InputField& field : type.inputs) {
    if (!field.type.non_null || seen.contains(field.name)) continue;
    Wrong(path, value,
          "Field '" + (origin_ == Origin::kLiteral ? type.name + "." : "") + field.name +
              "' of required type '" + field.type.Show() + "' was not provided.");
  }
  out->push_back('}');
}

void Coercer::CoerceEnum(const Type& type, const Value& value, const std::string& path,
                         std::string* out) {
  const Kind wanted = origin_ == Origin::kLiteral ? Kind::kEnum : Kind::kString;
  if (value.kind != wanted) {
    Wrong(path, value,
          "Enum '" + type.name + "' cannot represent non-" +
              (origin_ == Origin::kLiteral ? "enum" : "string") +
              " value: " + ShowValue(value, origin_) + ".");
  } else if (std::find(type.values.begin(), type.values.end(), value.text) == type.values.end()) {
    Wrong(path, value,
          "Value '" + value.text + "' does not exist in '" + type.name + "' enum." +
              Suggest(value.text, type.values));
  }
  serving::AppendJsonText(out, value.text);
}

void Coercer::CoerceScalar(const Type& type, const Value& value, const std::string& path,
                           std::string* out) {
  const auto refuse = [&](std::string_view what) {
    Wrong(path, value,
          type.name + " cannot represent " + std::string(what) + ": " + ShowValue(value, origin_));
  };
  const std::optional<int64_t> whole = WholeOf(value, origin_);
  if (type.name == "String") {
    if (value.kind != Kind::kString) return refuse("a non string value");
    serving::AppendJsonText(out, value.text);
  } else if (type.name == "Int") {
    if (!whole) return refuse("non-integer value");
    if (*whole != static_cast<int32_t>(*whole)) {
      return refuse("non 32-bit signed integer value");
    }
    serving::AppendJsonInt(out, *whole);
  } else if (type.name == "LongString") {
    const auto number = value.kind == Kind::kString ? WholeNumber(value.text) : whole;
    if (!number) return refuse("non 64-bit integer value");
    serving::AppendJsonInt(out, *number);
  } else if (type.name == "Float") {
    const bool finite = value.text.find_first_of("NI") == std::string::npos;
    if ((value.kind != Kind::kInt && value.kind != Kind::kFloat) || !finite) {
      return refuse("non numeric value");
    }
    out->append(value.text);
  } else {
    if (value.kind != Kind::kBoolean) return refuse("a non boolean value");
    out->append(value.text);
  }
}

std::string Coercer::Arguments(const std::vector<InputField>& fields,
                               const std::vector<Argument>& arguments) {
  std::string out = "{";
  for (const Argument& argument : arguments) {
    const InputField* const field = FindInput(fields, argument.name);
    if (field == nullptr || IsUnset(argument.value)) continue;
    if (out.size() > 1) out += ',';
    serving::AppendJsonText(&out, field->key);
    out += ':';
    Coerce(field->type, argument.value, argument.name, &out);
  }
  return out + "}";
}

VariablesRead ReadVariables(const Schema& schema, const Operation& operation,
                            const std::optional<JsonRef>& given) {
  VariablesRead read;
  for (const Variable& variable : operation.variables) {
    const auto json = given ? given->Find(variable.name) : std::nullopt;
    const std::string named = "Variable '$" + variable.name + "'";
    if (!json && !variable.fallback) {
      if (variable.type.non_null) {
        read.errors.push_back(named + " of required type '" + variable.type.Show() +
                              "' was not provided.");
      }
      continue;
    }
    const Value value = json ? FromJson(*json) : *variable.fallback;
    if (value.kind == Kind::kNull && variable.type.non_null) {
      read.errors.push_back(named + " of non-null type '" + variable.type.Show() +
                            "' must not be null.");
      continue;
    }
    const Origin origin = json ? Origin::kVariable : Origin::kLiteral;
    Coercer coercer(schema, origin, nullptr,
                    [&](const std::string& path, const Value& wrong, std::string message) {
                      if (read.errors.size() >= kMaxErrors) return;
                      const bool deeper = path != variable.name;
                      read.errors.push_back(named + " got invalid value " +
                                            ShowValue(wrong, origin) +
                                            (deeper ? " at '" + path + "'; " : "; ") + message);
                    });
    coercer.Coerce(variable.type, value, variable.name, &read.values[variable.name]);
  }
  return read;
}

}  // namespace quern::server::graphql
