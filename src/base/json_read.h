#pragma once
// Reading records that another version of the program may have written, by JSON pointers: what is
// not there reads as nothing. Fields of a server's answers, by keys: json_fields.h.
#include <boost/json.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "base/json.h"

namespace quern {

/// The value at a JSON pointer ("/drift/dataset/drifted"); null if there is none.
inline const json::value& At(const json::value& value, std::string_view pointer) {
  static const json::value kNull;
  boost::system::error_code none;
  const json::value* found = value.find_pointer(pointer, none);
  return found == nullptr ? kNull : *found;
}

inline std::string TextAt(const json::value& value, std::string_view pointer) {
  const json::value& found = At(value, pointer);
  return found.is_string() ? std::string(found.as_string()) : std::string();
}

inline std::optional<double> NumberAt(const json::value& value, std::string_view pointer) {
  const json::value& found = At(value, pointer);
  if (!found.is_number()) return std::nullopt;
  return found.to_number<double>();
}

inline bool TrueAt(const json::value& value, std::string_view pointer) {
  const json::value& found = At(value, pointer);
  return found.is_bool() && found.as_bool();
}

/// The list at a JSON pointer; an empty one if there is none.
inline const json::array& ListAt(const json::value& value, std::string_view pointer) {
  static const json::array kEmpty;
  const json::value& found = At(value, pointer);
  return found.is_array() ? found.as_array() : kEmpty;
}

}  // namespace quern
