#include "base/json_fields.h"

#include <boost/json.hpp>

#include "base/text.h"

namespace quern {
namespace {

const json::object kNoFields;
const json::array kNoItems;

}  // namespace

std::string TextAt(const json::object& object, std::string_view key) {
  const json::value* value = object.if_contains(key);
  if (value == nullptr) return {};
  if (value->is_string()) return std::string(value->get_string());
  return value->is_null() ? std::string() : WriteJson(*value);
}

std::optional<int64_t> IntAt(const json::object& object, std::string_view key) {
  const json::value* value = object.if_contains(key);
  if (value == nullptr) return std::nullopt;
  if (value->is_int64()) return value->get_int64();
  if (value->is_string()) return ParseInt(value->get_string());
  return std::nullopt;
}

const json::object& ObjectAt(const json::object& object, std::string_view key) {
  const json::value* value = object.if_contains(key);
  return value != nullptr && value->is_object() ? value->get_object() : kNoFields;
}

const json::object& ObjectAt(const json::value& value, std::string_view key) {
  return value.is_object() ? ObjectAt(value.get_object(), key) : kNoFields;
}

const json::array& ArrayAt(const json::object& object, std::string_view key) {
  const json::value* value = object.if_contains(key);
  return value != nullptr && value->is_array() ? value->get_array() : kNoItems;
}

const json::array& ArrayAt(const json::value& value, std::string_view key) {
  return value.is_object() ? ArrayAt(value.get_object(), key) : kNoItems;
}

std::map<std::string, std::string> PairsOf(const json::array& list) {
  std::map<std::string, std::string> pairs;
  for (const json::value& item : list) {
    if (const json::object* pair = item.if_object()) {
      pairs[TextAt(*pair, "key")] = TextAt(*pair, "value");
    }
  }
  return pairs;
}

}  // namespace quern
