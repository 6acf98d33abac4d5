#pragma once
// The values under `instances` and `inputs`, as MLflow, TensorFlow Serving and KServe v1 have them:
// a table or tensors, whatever the model takes.
#include <optional>
#include <span>
#include <string_view>

#include "base/arena.h"
#include "base/result.h"
#include "server/http/json_cursor.h"
#include "server/http/table_builder.h"

namespace quern::server {

class JsonInputs {
 public:
  /// Borrows all of them.
  JsonInputs(JsonCursor& cursor, const serving::ServedModel& served, Arena& arena)
      : cursor_(cursor), served_(served), arena_(arena), table_(served, arena) {}

  /// A list of rows (values, or lists of values), of objects, or the items of the only tensor.
  Status ReadInstances(std::string_view field);
  /// {column: values}, {input: tensor}, or what ReadInstances takes.
  Status ReadInputs(std::string_view field);

  TableBuilder& table() { return table_; }
  /// Columns that the model needs and did not get, as "'a', 'b'".
  std::string Missing() const { return tensors_ ? std::string() : table_.Missing(); }
  /// Sets `inputs` and `columns_only` of the call.
  void Finish(serving::InferenceCall* call);

 private:
  Status ReadTensors(std::string_view field);

  JsonCursor& cursor_;
  const serving::ServedModel& served_;
  Arena& arena_;
  TableBuilder table_;
  std::optional<std::span<const serving::NamedTensor>> tensors_;
};

}  // namespace quern::server
