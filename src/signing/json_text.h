#pragma once
// Inside of signing/ only: texts of signed JSON, "" for what is absent or no text.
#include <optional>
#include <string>
#include <string_view>

#include "base/json_doc.h"

namespace quern::signing {

inline std::string TextOf(std::optional<JsonRef> value) {
  return value && value->Is(JsonKind::kString) ? std::string(value->text()) : std::string();
}

inline std::string TextAt(const JsonRef& object, std::string_view key) {
  return TextOf(object.Find(key));
}

}  // namespace quern::signing
