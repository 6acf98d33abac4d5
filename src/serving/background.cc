#include "serving/background.h"

#include <algorithm>
#include <vector>

#include "serving/convert.h"

namespace quern::serving {

Background::Background(const BoundInputs& rows, Source source) : source_(source) {
  const size_t count = std::min(rows.rows, kMostRows);
  std::span<TensorView> views = arena_.Make<TensorView>(rows.views.size());
  for (size_t i = 0; i < views.size(); ++i) {
    std::vector<int64_t> shape(rows.views[i].shape.begin(), rows.views[i].shape.end());
    shape[0] = static_cast<int64_t>(count);
    views[i] = CopyTensor({rows.views[i].type, shape, rows.views[i].data}, arena_);
  }
  rows_ = {views, count};
}

std::span<const NamedTensor> TensorsOf(const Frame& frame, Arena& arena) {
  std::span<NamedTensor> tensors = arena.Make<NamedTensor>(frame.columns.size());
  std::span<int64_t> shape = arena.Make<int64_t>(1);
  shape[0] = static_cast<int64_t>(frame.rows());
  for (size_t i = 0; i < tensors.size(); ++i) {
    const Column& column = frame.columns[i];
    tensors[i] = {column.name, {DataType::kFp64, shape, column.numbers.data()}};
    if (!column.is_text) continue;
    std::span<std::string_view> texts = arena.Make<std::string_view>(column.texts.size());
    std::copy(column.texts.begin(), column.texts.end(), texts.begin());
    tensors[i].tensor = {DataType::kBytes, shape, texts.data()};
  }
  return tensors;
}

Result<std::shared_ptr<const Background>> MakeBackground(const ServedModel& served,
                                                         const InferenceCall& call,
                                                         Background::Source source) {
  Arena arena;
  QUERN_ASSIGN(const BoundInputs rows, BindInputs(served, call, arena));
  return std::make_shared<const Background>(rows, source);
}

}  // namespace quern::serving
