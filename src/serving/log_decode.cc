#include "serving/log_decode.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "base/text.h"
#include "serving/convert.h"
#include "serving/json_text.h"
#include "serving/log_encode.h"

namespace quern::serving {
namespace {

/// Reads forward; once something was missing, all that follows is empty and ok() is false.
class Bytes {
 public:
  explicit Bytes(std::string_view bytes) : left_(bytes) {}

  bool ok() const { return ok_; }
  bool empty() const { return left_.empty(); }
  void Break() { ok_ = false; }

  std::string_view Take(uint64_t count) {
    if (!ok_ || count > left_.size()) {
      ok_ = false;
      return {};
    }
    const std::string_view taken = left_.substr(0, count);
    left_.remove_prefix(count);
    return taken;
  }
  template <typename T>
  T Number() {
    T value{};
    if (const std::string_view bytes = Take(sizeof value); ok_) {
      std::memcpy(&value, bytes.data(), sizeof value);
    }
    return value;
  }
  std::string_view Text() { return Take(Number<uint32_t>()); }
  DataType Type() {
    const auto type = Number<uint8_t>();
    if (type > static_cast<uint8_t>(DataType::kBytes)) ok_ = false;
    return ok_ ? static_cast<DataType>(type) : DataType::kBool;
  }
  std::optional<DataType> OptionalType() {
    const bool there = Number<uint8_t>() != 0;
    const DataType type = Type();
    return there ? std::optional(type) : std::nullopt;
  }
  /// So many things of at least that many bytes can still come.
  bool Room(uint64_t count, uint64_t each) const { return ok_ && count <= left_.size() / each; }

 private:
  std::string_view left_;
  bool ok_ = true;
};

Error Broken(const char* what) {
  return {Code::kDataLoss, std::string("a frame of the prediction log holds ") + what, "", {}, {}};
}

void AppendElement(std::string* out, DataType type, const void* data, size_t index) {
  if (type == DataType::kBytes) {
    const std::string_view text = static_cast<const std::string_view*>(data)[index];
    if (text.empty() || FindInvalidUtf8(text)) {
      out->append("null");
    } else {
      AppendJsonText(out, text);
    }
  } else if (type == DataType::kFp64 || type == DataType::kFp32) {
    AppendJsonNumber(out, NumberAt(type, data, index));
  } else {
    out->append(NumberText(type, data, index));
  }
}

/// As a database takes it: PostgreSQL has no texts with NUL or broken UTF-8.
std::string Storable(std::string_view text) {
  std::string out(text);
  const bool broken = FindInvalidUtf8(text).has_value();
  std::replace_if(
      out.begin(), out.end(),
      [broken](char c) { return c == '\0' || (broken && static_cast<unsigned char>(c) >= 0x80); },
      '?');
  return out;
}

std::string TextOf(const Uuid& uuid) {
  std::string text(kUuidText, ' ');
  FormatUuid(uuid, std::span<char, kUuidText>(text.data(), kUuidText));
  return text;
}

}  // namespace

std::string LoggedRows::Id(size_t row) const {
  return named_ ? std::string(request_id_) + "-" + std::to_string(row) : OwnId(row);
}

std::string LoggedRows::OwnId(size_t row) const { return TextOf(After(first_, row)); }

std::string LoggedRows::Features(size_t row) const {
  std::string out = "{";
  for (size_t i = 0; i < fields_.size(); ++i) {
    const Block& field = fields_[i];
    if (i > 0) out += ',';
    AppendJsonText(&out, schema_->fields[i].name);
    out += ':';
    if (field.width == 1) {
      AppendElement(&out, field.type, field.data(), row);
    } else {
      AppendJsonList(&out, field.width, [&](size_t c) {
        AppendElement(&out, field.type, field.data(), row * field.width + c);
      });
    }
  }
  return out + "}";
}

std::string LoggedRows::Scores(size_t row) const {
  if (!scores_) return "[]";
  std::string out;
  AppendJsonList(&out, scores_->width, [&](size_t i) {
    AppendElement(&out, scores_->type, scores_->data(), row * scores_->width + i);
  });
  return out;
}

std::string LoggedRows::Decision(size_t row) const {
  const std::optional<Block>& block = label_ ? label_ : scores_;
  if (!block || block->width == 0) return "";
  const size_t at = row * block->width;
  if (block->type != DataType::kBytes) return NumberText(block->type, block->data(), at);
  return Storable(block->texts[at]);
}

namespace {

Result<std::pair<uint32_t, LogSchema>> ReadSchema(Bytes& bytes) {
  const auto id = bytes.Number<uint32_t>();
  LogSchema schema;
  schema.model = bytes.Text();
  schema.version = bytes.Text();
  schema.scores = bytes.OptionalType();
  schema.label = bytes.OptionalType();
  const auto count = bytes.Number<uint32_t>();
  constexpr uint64_t kLeastField = 6;
  if (!bytes.Room(count, kLeastField)) return std::unexpected(Broken("a list that ends early"));
  for (uint32_t i = 0; i < count; ++i) {
    LogField field;
    field.name = bytes.Text();
    field.type = bytes.Type();
    field.hashed = bytes.Number<uint8_t>() != 0;
    schema.fields.push_back(std::move(field));
  }
  if (!bytes.ok() || !bytes.empty()) return std::unexpected(Broken("a schema of another length"));
  return std::pair(id, std::move(schema));
}

/// `type`, `width`, the numbers or texts of a block.
template <typename Block>
void ReadBlock(Bytes& bytes, DataType type, size_t rows, Block* block) {
  block->type = type;
  block->width = bytes.Number<uint32_t>();
  const uint64_t count = uint64_t{block->width} * rows;
  const size_t size = type == DataType::kBytes ? sizeof(uint32_t) : model::ElementSize(type);
  if (!bytes.Room(count, size)) return bytes.Break();
  const std::string_view fixed = bytes.Take(count * size);
  if (type != DataType::kBytes) {
    block->numbers.resize((fixed.size() + 7) / 8);
    if (!fixed.empty()) std::memcpy(block->numbers.data(), fixed.data(), fixed.size());
    return;
  }
  block->texts.resize(count);
  for (uint64_t i = 0; i < count; ++i) {
    uint32_t length = 0;
    std::memcpy(&length, fixed.data() + i * sizeof length, sizeof length);
    block->texts[i] = bytes.Take(length);
  }
}

}  // namespace

Result<std::optional<LoggedRows>> LogDecoder::Decode(std::string_view payload) {
  Bytes bytes(payload);
  const auto kind = bytes.Number<uint32_t>();
  if (kind == static_cast<uint32_t>(LogPayload::kSchema)) {
    QUERN_ASSIGN(auto schema, ReadSchema(bytes));
    schemas_.insert_or_assign(schema.first, std::move(schema.second));
    return std::nullopt;
  }
  if (kind != static_cast<uint32_t>(LogPayload::kRows)) {
    return std::unexpected(Broken("neither a schema nor rows"));
  }
  const auto schema = schemas_.find(bytes.Number<uint32_t>());
  if (schema == schemas_.end()) {
    return std::unexpected(Broken("rows whose schema is not in the segment"));
  }
  LoggedRows rows;
  rows.schema_ = &schema->second;
  rows.rows_ = bytes.Number<uint32_t>();
  rows.named_ = bytes.Number<uint32_t>() != 0;
  rows.made_at_ = bytes.Number<int64_t>();
  rows.latency_ms_ = bytes.Number<double>();
  if (const std::string_view uuid = bytes.Take(rows.first_.bytes.size()); bytes.ok()) {
    std::copy(uuid.begin(), uuid.end(), rows.first_.bytes.begin());
  }
  rows.request_id_ = bytes.Text();
  rows.route_ = bytes.Text();
  for (const LogField& field : rows.schema_->fields) {
    ReadBlock(bytes, field.type, rows.rows_, &rows.fields_.emplace_back());
  }
  if (rows.schema_->scores) {
    ReadBlock(bytes, *rows.schema_->scores, rows.rows_, &rows.scores_.emplace());
  }
  if (rows.schema_->label) {
    ReadBlock(bytes, *rows.schema_->label, rows.rows_, &rows.label_.emplace());
  }
  if (!bytes.ok() || !bytes.empty()) return std::unexpected(Broken("rows of another length"));
  return rows;
}

Status LogDecoder::Skip(std::string_view payload) {
  uint32_t kind = 0;
  if (payload.size() >= sizeof kind) std::memcpy(&kind, payload.data(), sizeof kind);
  if (kind != static_cast<uint32_t>(LogPayload::kSchema)) return {};
  QUERN_TRY(Decode(payload));
  return {};
}

}  // namespace quern::serving
