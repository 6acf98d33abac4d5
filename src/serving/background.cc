#include "serving/background.h"

#include <algorithm>
#include <cstring>

namespace quern::serving {

Background::Background(const BoundInputs& rows, Source source) : source_(source) {
  const size_t count = std::min(rows.rows, kMostRows);
  std::span<TensorView> views = arena_.Make<TensorView>(rows.views.size());
  for (size_t i = 0; i < views.size(); ++i) {
    TensorView from = rows.views[i];
    std::span<int64_t> shape = arena_.Make<int64_t>(from.shape.size());
    std::copy(from.shape.begin(), from.shape.end(), shape.begin());
    shape[0] = static_cast<int64_t>(count);
    from.shape = shape;
    views[i] = {from.type, shape, nullptr};
    if (from.type == DataType::kBytes) {
      std::span<std::string_view> texts = arena_.Make<std::string_view>(from.elements());
      std::transform(from.values<std::string_view>().begin(), from.values<std::string_view>().end(),
                     texts.begin(), [&](std::string_view text) { return arena_.Copy(text); });
      views[i].data = texts.data();
      continue;
    }
    const size_t bytes = from.elements() * model::ElementSize(from.type);
    std::span<uint64_t> data = arena_.Make<uint64_t>((bytes + 7) / 8);
    if (bytes > 0) std::memcpy(data.data(), from.data, bytes);
    views[i].data = data.data();
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
