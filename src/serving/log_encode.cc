#include "serving/log_encode.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstring>

#include "base/hex.h"
#include "base/json.h"
#include "base/text.h"
#include "serving/convert.h"

namespace quern::serving {
namespace {

constexpr size_t kMaxNamingId = 128;
constexpr size_t kMaxKeptId = 1024;
/// Bytes of the hash that are kept, each as two digits: as many as RFC 2104 asks for at least.
constexpr size_t kHashBytes = 16;

template <typename T>
void Put(std::string* out, T value) {
  out->append(reinterpret_cast<const char*>(&value), sizeof value);
}

void PutText(std::string* out, std::string_view text) {
  Put(out, static_cast<uint32_t>(text.size()));
  out->append(text);
}

/// Where the elements of a field are: `width` of each row, `stride` elements from row to row.
struct Elements2d {
  const TensorView* tensor;
  size_t first;
  size_t stride;
  size_t width;
  size_t rows;
};

template <typename Each>
void ForEach(const Elements2d& e, Each each) {
  for (size_t row = 0; row < e.rows; ++row) {
    for (size_t i = 0; i < e.width; ++i) each(e.first + row * e.stride + i);
  }
}

void PutFixed(std::string* out, const Elements2d& e) {
  const size_t size = model::ElementSize(e.tensor->type);
  const auto* bytes = static_cast<const char*>(e.tensor->data);
  if (e.stride == e.width) {
    out->append(bytes + e.first * size, e.rows * e.width * size);
    return;
  }
  ForEach(e, [&](size_t at) { out->append(bytes + at * size, size); });
}

void PutTexts(std::string* out, const Elements2d& e) {
  const auto* texts = static_cast<const std::string_view*>(e.tensor->data);
  ForEach(e, [&](size_t at) { Put(out, static_cast<uint32_t>(texts[at].size())); });
  ForEach(e, [&](size_t at) { out->append(texts[at]); });
}

/// What is hashed: a text as it is, a number in its shortest form, so that the hash does not depend
/// on the model's type. "" if it is missing.
std::string_view HashedForm(const TensorView& tensor, size_t at, std::array<char, 64>& room) {
  if (tensor.type == DataType::kBytes) {
    return static_cast<const std::string_view*>(tensor.data)[at];
  }
  std::to_chars_result end{};
  switch (tensor.type) {
    case DataType::kInt64:
      end = std::to_chars(room.data(), room.data() + room.size(),
                          static_cast<const int64_t*>(tensor.data)[at]);
      break;
    case DataType::kUint64:
      end = std::to_chars(room.data(), room.data() + room.size(),
                          static_cast<const uint64_t*>(tensor.data)[at]);
      break;
    default: {
      const double value = NumberAt(tensor.type, tensor.data, at);
      if (std::isnan(value)) return {};
      end = std::to_chars(room.data(), room.data() + room.size(), value);
    }
  }
  return {room.data(), static_cast<size_t>(end.ptr - room.data())};
}

void PutHashes(std::string* out, const Elements2d& e, const KeyedHash& hash) {
  std::array<char, 64> room{};
  std::array<char, 2 * kHashBytes> digits{};
  ForEach(e, [&](size_t at) {
    Put(out, HashedForm(*e.tensor, at, room).empty() ? uint32_t{0} : uint32_t{2 * kHashBytes});
  });
  ForEach(e, [&](size_t at) {
    const std::string_view form = HashedForm(*e.tensor, at, room);
    if (form.empty()) return;
    const auto digest = hash.Of(form);
    WriteHex(digest.data(), kHashBytes, digits.data());
    out->append(digits.data(), digits.size());
  });
}

void PutElements(std::string* out, const Elements2d& e) {
  if (e.tensor->type == DataType::kBytes) {
    PutTexts(out, e);
  } else {
    PutFixed(out, e);
  }
}

void PutField(std::string* out, const LogField& field, const ScoredCall& scored,
              const KeyedHash* hash) {
  const TensorView& tensor = scored.inputs[field.input];
  const size_t width = Width(tensor, scored.rows);
  const Elements2d e{&tensor, field.column.value_or(0), width, field.column ? 1 : width,
                     scored.rows};
  Put(out, static_cast<uint32_t>(e.width));
  if (field.hashed) {
    PutHashes(out, e, *hash);
  } else {
    PutElements(out, e);
  }
}

}  // namespace

bool NamesRows(std::string_view request_id) {
  return !request_id.empty() && request_id.size() <= kMaxNamingId &&
         std::all_of(request_id.begin(), request_id.end(),
                     [](char c) { return c > 0x20 && c < 0x7f; });
}

bool CanBeKept(std::string_view request_id) {
  return request_id.size() <= kMaxKeptId && request_id.find('\0') == std::string_view::npos &&
         !FindInvalidUtf8(request_id);
}

void AppendSchema(std::string* out, uint32_t id, const LogSchema& schema) {
  Put(out, static_cast<uint32_t>(LogPayload::kSchema));
  Put(out, id);
  PutText(out, schema.model);
  PutText(out, schema.version);
  const auto optional = [&](const std::optional<DataType>& type) {
    Put(out, static_cast<uint8_t>(type ? 1 : 0));
    Put(out, static_cast<uint8_t>(type.value_or(DataType::kBool)));
  };
  optional(schema.scores);
  optional(schema.label);
  Put(out, static_cast<uint32_t>(schema.fields.size()));
  for (const LogField& field : schema.fields) {
    PutText(out, field.name);
    Put(out, static_cast<uint8_t>(field.type));
    Put(out, static_cast<uint8_t>(field.hashed ? 1 : 0));
  }
}

void AppendRows(std::string* out, uint32_t schema_id, const LogSchema& schema,
                const ScoredCall& scored, const RowIdentity& identity, const KeyedHash* hash) {
  Put(out, static_cast<uint32_t>(LogPayload::kRows));
  Put(out, schema_id);
  Put(out, static_cast<uint32_t>(scored.rows));
  Put(out, static_cast<uint32_t>(identity.named ? 1 : 0));
  Put(out, scored.made_at);
  Put(out, scored.latency_ms);
  out->append(reinterpret_cast<const char*>(identity.first.bytes.data()),
              identity.first.bytes.size());
  PutText(out, identity.request_id);
  PutText(out, scored.call.route);
  for (const LogField& field : schema.fields) PutField(out, field, scored, hash);
  if (schema.scores) {
    const TensorView& scores = scored.outputs[*scored.model.score_output()];
    const size_t width = Width(scores, scored.rows);
    Put(out, static_cast<uint32_t>(width));
    PutElements(out, {&scores, 0, width, width, scored.rows});
  }
  if (schema.label) {
    const TensorView& label = scored.outputs[*scored.model.label_output()];
    const size_t width = Width(label, scored.rows);
    Put(out, static_cast<uint32_t>(std::min<size_t>(width, 1)));
    PutElements(out, {&label, 0, width, std::min<size_t>(width, 1), scored.rows});
  }
}

}  // namespace quern::serving
