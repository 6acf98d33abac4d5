#pragma once
// Scored requests as payloads of the prediction log's frames (docs/format/prediction_log.md).
// Appends to a buffer of the caller's and allocates nothing else.
#include <cstdint>
#include <string>
#include <string_view>

#include "base/keyed_hash.h"
#include "base/uuid.h"
#include "serving/log_schema.h"
#include "serving/prediction_sink.h"

namespace quern::serving {

enum class LogPayload : uint8_t { kSchema = 1, kRows = 2 };

/// Who the rows of a request are.
struct RowIdentity {
  /// As the caller gave it, if it can be kept; "" otherwise.
  std::string_view request_id;
  /// The rows are called "ID-0", "ID-1", …; else by `first` and the ids after it.
  bool named = false;
  Uuid first;
};

/// Ids of rows are made of a request's id if it is 1 to 128 printable ASCII characters without
/// blanks.
bool NamesRows(std::string_view request_id);
/// An id of another kind is kept beside the rows if it is UTF-8 without NUL of at most 1024 bytes.
bool CanBeKept(std::string_view request_id);

/// Rows that follow in the segment say `id` for `schema`.
void AppendSchema(std::string* out, uint32_t id, const LogSchema& schema);
/// `hash` may be null if no field is hashed.
void AppendRows(std::string* out, uint32_t schema_id, const LogSchema& schema,
                const ScoredCall& scored, const RowIdentity& identity, const KeyedHash* hash);

}  // namespace quern::serving
