#include "serving/row_mixer.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "serving/convert.h"

namespace quern::serving {
namespace {

/// `T` stands for any element of its size.
template <class T>
void Fill(const TensorView& own, const TensorView& background, const TableCells& cells, size_t row,
          size_t column, const model::MixedRows& mixed, void* out) {
  const T* theirs = static_cast<const T*>(background.data);
  const T mine = static_cast<const T*>(own.data)[cells.Element(row, column)];
  T* to = static_cast<T*>(out);
  for (size_t i = 0; i < mixed.background.size(); ++i) {
    to[cells.Element(i, column)] = mixed.taken[i * cells.columns() + column] != 0
                                       ? mine
                                       : theirs[cells.Element(mixed.background[i], column)];
  }
}

}  // namespace

TableCells::TableCells(const ServedModel& served, const BoundInputs& rows)
    : matrix_(served.form() == InputForm::kMatrix),
      columns_(matrix_ ? static_cast<size_t>(rows.views[0].shape[1]) : rows.views.size()) {}

RowMixer::RowMixer(const ServedModel& served, const BoundInputs& background,
                   const BoundInputs& rows, size_t row)
    : cells_(served, rows), background_(background), rows_(rows), row_(row) {}

bool RowMixer::Same(size_t background_row, size_t column) const {
  const TensorView& own = rows_.views[cells_.Input(column)];
  const TensorView& theirs = background_.views[cells_.Input(column)];
  const size_t mine = cells_.Element(row_, column);
  const size_t other = cells_.Element(background_row, column);
  if (own.type == DataType::kBytes) {
    return own.values<std::string_view>()[mine] == theirs.values<std::string_view>()[other];
  }
  const size_t size = model::ElementSize(own.type);
  if (std::memcmp(static_cast<const std::byte*>(own.data) + mine * size,
                  static_cast<const std::byte*>(theirs.data) + other * size, size) == 0) {
    return true;
  }
  return std::isnan(NumberAt(own.type, own.data, mine)) &&
         std::isnan(NumberAt(theirs.type, theirs.data, other));
}

std::vector<uint8_t> RowMixer::Differences() const {
  std::vector<uint8_t> differs(background_.rows * cells_.columns());
  for (size_t b = 0; b < background_.rows; ++b) {
    for (size_t c = 0; c < cells_.columns(); ++c) {
      differs[b * cells_.columns() + c] = Same(b, c) ? 0 : 1;
    }
  }
  return differs;
}

BoundInputs RowMixer::Mix(const model::MixedRows& mixed, Arena& arena) const {
  const size_t count = mixed.background.size();
  std::span<TensorView> views = arena.Make<TensorView>(rows_.views.size());
  for (size_t i = 0; i < views.size(); ++i) {
    const TensorView& like = rows_.views[i];
    std::span<int64_t> shape = arena.Make<int64_t>(like.shape.size());
    std::copy(like.shape.begin(), like.shape.end(), shape.begin());
    shape[0] = static_cast<int64_t>(count);
    views[i] = {like.type, shape, nullptr};
    const size_t bytes = views[i].elements() * model::ElementSize(like.type);
    views[i].data = arena.Make<uint64_t>((bytes + 7) / 8).data();
  }
  for (size_t c = 0; c < cells_.columns(); ++c) {
    const size_t input = cells_.Input(c);
    const TensorView& own = rows_.views[input];
    const TensorView& theirs = background_.views[input];
    // The views are const for their readers; the memory is ours.
    void* out = const_cast<void*>(views[input].data);
    switch (model::ElementSize(own.type)) {
      case 1:
        Fill<uint8_t>(own, theirs, cells_, row_, c, mixed, out);
        break;
      case 2:
        Fill<uint16_t>(own, theirs, cells_, row_, c, mixed, out);
        break;
      case 4:
        Fill<uint32_t>(own, theirs, cells_, row_, c, mixed, out);
        break;
      case 8:
        Fill<uint64_t>(own, theirs, cells_, row_, c, mixed, out);
        break;
      default:
        Fill<std::string_view>(own, theirs, cells_, row_, c, mixed, out);
    }
  }
  return {views, count};
}

}  // namespace quern::serving
