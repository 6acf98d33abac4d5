#pragma once
// What of a model's inputs and answers is logged, and how: decided once for a model, used for each
// of its rows.
#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "base/keyed_hash.h"
#include "base/result.h"
#include "serving/served_model.h"

namespace quern::serving {

/// What is logged is data: `deployment: log:` of a project file.
struct LogPolicy {
  /// Of the requests, 0 to 1: which ones is decided by a hash of the request's id, so that a
  /// repeated request is decided alike. 0 logs nothing.
  double share = 1;
  /// Columns that are logged; empty = all.
  std::vector<std::string> columns;
  /// Columns of which only a keyed hash is logged, so that equal values can still be matched. They
  /// are logged whether `columns` names them or not.
  std::vector<std::string> hashed;
  /// Of the hashes.
  std::string key;
};

/// kInvalidArgument: a share that is none, an empty name, hashes without a key.
Status CheckLogPolicy(const LogPolicy& policy);

/// One value (or tensor) of each row.
struct LogField {
  std::string name;
  /// As it lies in the log; kBytes if hashed.
  DataType type = DataType::kFp64;
  /// Position among the engine's inputs.
  size_t input = 0;
  /// A matrix's column; nothing: all that the input holds of a row.
  std::optional<size_t> column;
  bool hashed = false;
};

struct LogSchema {
  std::string model;
  std::string version;
  std::vector<LogField> fields;
  std::optional<DataType> scores;
  std::optional<DataType> label;
};

LogSchema MakeLogSchema(const ServedModel& model, const LogPolicy& policy);

/// Elements per row of a tensor of that many rows.
inline size_t Width(const TensorView& tensor, size_t rows) {
  return rows == 0 ? 0 : tensor.elements() / rows;
}

}  // namespace quern::serving
