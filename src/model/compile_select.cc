// Operators that choose: items known when the graph is compiled, or one of a table per row.
#include "model/compile_select.h"

#include <fmt/format.h>

namespace quern::model {

Split3 SplitAt(const std::vector<int64_t>& dims, size_t axis) {
  Split3 split;
  for (size_t d = 0; d < dims.size(); ++d) {
    const auto size = static_cast<size_t>(dims[d]);
    (d < axis ? split.outer : d == axis ? split.size : split.inner) *= size;
  }
  return split;
}

SymTensor Select(const SymTensor& tensor, size_t axis, const std::vector<size_t>& chosen) {
  const Split3 split = SplitAt(tensor.dims, axis);
  SymTensor out{tensor.type, tensor.rows, tensor.dims, {}, nullptr};
  out.dims[axis] = static_cast<int64_t>(chosen.size());
  for (size_t o = 0; o < split.outer; ++o) {
    for (size_t at : chosen) {
      for (size_t i = 0; i < split.inner; ++i) {
        out.items.push_back(tensor.items[(o * split.size + at) * split.inner + i]);
      }
    }
  }
  return out;
}

namespace {

/// Select, unless that makes a large value of a small one: a file may choose an item many times.
Result<SymTensor> SelectChecked(NodeContext& node, const SymTensor& tensor, size_t axis,
                                const std::vector<size_t>& chosen) {
  const Split3 split = SplitAt(tensor.dims, axis);
  if (split.outer * split.inner * chosen.size() > kMostItems) {
    return node.Uncovered("so large a value");
  }
  return Select(tensor, axis, chosen);
}

/// ONNX Runtime refuses a request whose index is out of bounds, and takes negative ones from the
/// end: positions that may be either are left to it.
Status CheckPositions(NodeContext& node, const SymTensor& indices, int64_t count) {
  for (const TermId index : indices.items) {
    const int64_t below = node.terms().Below(index);
    if (below < 0 || below > count) {
      return node.Uncovered("choosing values by positions that are not known to be in range");
    }
  }
  return {};
}

/// Rows of a constant table, chosen by indices that are computed: one look-up per item.
Status TakeRows(NodeContext& node, const SymTensor& indices) {
  const Constant* table = node.ConstantInput(0);
  if (!table || table->shape.empty() || table->shape[0] < 1) {
    return node.Uncovered("choosing values by computed positions");
  }
  QUERN_TRY(CheckPositions(node, indices, table->shape[0]));
  const size_t inner = CountItems(std::span(table->shape).subspan(1));
  if (inner * indices.width() > kMostItems) return node.Uncovered("so large a value");
  const auto count = static_cast<size_t>(table->shape[0]);
  SymTensor out{table->type, true, indices.dims, {}, nullptr};
  out.dims.insert(out.dims.end(), table->shape.begin() + 1, table->shape.end());
  std::vector<int32_t> lists;
  for (size_t c = 0; c < inner; ++c) {
    lists.push_back(node.terms().AddList(std::visit(
        [&](const auto& all) {
          std::decay_t<decltype(all)> column(count);
          for (size_t r = 0; r < count; ++r) column[r] = all[r * inner + c];
          return Values(std::move(column));
        },
        table->values)));
  }
  for (TermId index : indices.items) {
    for (int32_t list : lists) out.items.push_back(node.terms().Take(index, list, out.bank()));
  }
  return node.Output(0, std::move(out));
}

}  // namespace

Status Gather(NodeContext& node) {
  QUERN_ASSIGN(const SymTensor indices, node.Input(1));
  if (indices.bank() != Bank::kInteger) return node.Invalid("its indices are no integers");
  if (indices.rows) {
    if (node.Int("axis", 0) != 0) return node.Uncovered("this axis");
    return TakeRows(node, indices);
  }
  QUERN_ASSIGN(const SymTensor tensor, node.Input(0));
  QUERN_ASSIGN(const int64_t axis, node.Axis(tensor, node.Int("axis", 0)));
  if (axis < 0) return node.Uncovered("choosing rows");
  QUERN_ASSIGN(const std::vector<int64_t> wanted, node.Integers(1));
  const int64_t size = tensor.dims[static_cast<size_t>(axis)];
  std::vector<size_t> chosen;
  for (int64_t index : wanted) {
    if (index < -size || index >= size) return node.Invalid(fmt::format("index {}", index));
    chosen.push_back(static_cast<size_t>(index < 0 ? index + size : index));
  }
  QUERN_ASSIGN(SymTensor out, SelectChecked(node, tensor, static_cast<size_t>(axis), chosen));
  const auto place = out.dims.begin() + axis;
  out.dims.insert(out.dims.erase(place), indices.dims.begin(), indices.dims.end());
  return node.Output(0, std::move(out));
}

/// Indices count from the last axis: columns of a matrix, or one item of a list.
Status ExtractFeatures(NodeContext& node) {
  QUERN_ASSIGN(SymTensor tensor, node.Input(0));
  QUERN_ASSIGN(const SymTensor indices, node.Input(1));
  if (indices.bank() != Bank::kInteger) return node.Invalid("its indices are no integers");
  if (indices.rows) {
    // A table of labels [C] (or [1, C]) by one computed index per row, answered as [1, N].
    const Constant* table = node.ConstantInput(0);
    if (!table || indices.width() != 1 || tensor.dims.empty() || tensor.width() == 0 ||
        tensor.dims.back() != static_cast<int64_t>(tensor.width())) {
      return node.Uncovered("choosing values by computed positions");
    }
    QUERN_TRY(CheckPositions(node, indices, tensor.dims.back()));
    SymTensor out{table->type, true, {}, {}, nullptr};
    out.items = {
        node.terms().Take(indices.items[0], node.terms().AddList(table->values), out.bank())};
    out.turned = true;
    return node.Output(0, std::move(out));
  }
  if (tensor.dims.empty()) return node.Uncovered("one value per row");
  QUERN_ASSIGN(const std::vector<int64_t> wanted, node.Integers(1));
  std::vector<size_t> chosen;
  for (int64_t index : wanted) {
    if (index < 0 || index >= tensor.dims.back())
      return node.Invalid(fmt::format("index {}", index));
    chosen.push_back(static_cast<size_t>(index));
  }
  QUERN_ASSIGN(SymTensor out, SelectChecked(node, tensor, tensor.dims.size() - 1, chosen));
  return node.Output(0, std::move(out));
}

}  // namespace quern::model
