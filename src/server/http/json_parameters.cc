#include "server/http/json_parameters.h"

namespace quern::server {

using Kind = JsonCursor::Kind;

bool ReadScalar(JsonCursor& cursor, serving::ParameterValue* value, bool* scalar) {
  *scalar = true;
  switch (cursor.Peek()) {
    case Kind::kString: {
      std::string_view text;
      if (!cursor.String(&text)) return false;
      *value = text;
      return true;
    }
    case Kind::kTrue:
    case Kind::kFalse: {
      bool truth = false;
      if (!cursor.Bool(&truth)) return false;
      *value = truth;
      return true;
    }
    case Kind::kNumber: {
      JsonNumber number;
      if (!cursor.Number(&number)) return false;
      const bool small = number.whole && number.magnitude <= (uint64_t{1} << 62);
      if (small) {
        const auto magnitude = static_cast<int64_t>(number.magnitude);
        *value = number.negative ? -magnitude : magnitude;
      } else {
        *value = number.value;
      }
      return true;
    }
    default:
      *scalar = false;
      return cursor.Skip();
  }
}

}  // namespace quern::server
