#pragma once
// Payloads of the prediction log read back: what the database keeps of each row.
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/uuid.h"
#include "serving/log_schema.h"

namespace quern::serving {

/// The rows of one request, whose texts lie in the payload.
class LoggedRows {
 public:
  const LogSchema& schema() const { return *schema_; }
  size_t rows() const { return rows_; }
  int64_t made_at() const { return made_at_; }
  double latency_ms() const { return latency_ms_; }
  std::string_view request_id() const { return request_id_; }
  std::string_view route() const { return route_; }

  /// The id that was given out.
  std::string Id(size_t row) const;
  /// The id of a row whose name stands for another one already; Id() if it has no name.
  std::string OwnId(size_t row) const;
  /// `{column: value}`; a tensor of several values is a list under its name. Missing is null.
  std::string Features(size_t row) const;
  /// A list: probabilities in class order, or the one value.
  std::string Scores(size_t row) const;
  /// The class label, or the predicted number in its shortest form.
  std::string Decision(size_t row) const;

 private:
  friend class LogDecoder;
  struct Block {
    DataType type = DataType::kFp64;
    size_t width = 0;
    std::vector<uint64_t> numbers;  // the elements' bytes, aligned
    std::vector<std::string_view> texts;

    const void* data() const {
      return type == DataType::kBytes ? static_cast<const void*>(texts.data()) : numbers.data();
    }
  };

  const LogSchema* schema_ = nullptr;
  size_t rows_ = 0;
  bool named_ = false;
  int64_t made_at_ = 0;
  double latency_ms_ = 0;
  Uuid first_;
  std::string_view request_id_;
  std::string_view route_;
  std::vector<Block> fields_;
  std::optional<Block> scores_;
  std::optional<Block> label_;
};

/// Of one segment, in its order: rows refer to the schemas before them.
class LogDecoder {
 public:
  /// Nothing for a schema. kDataLoss: the payload is not what this format says.
  Result<std::optional<LoggedRows>> Decode(std::string_view payload);
  /// Only learns the schema, if it is one.
  Status Skip(std::string_view payload);

 private:
  std::map<uint32_t, LogSchema> schemas_;
};

}  // namespace quern::serving
