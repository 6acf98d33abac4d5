// Operators that only move values: they cost nothing at run time.
#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "model/compile.h"
#include "model/compile_select.h"

namespace quern::model {
namespace {

Status Identity(NodeContext& node) {
  QUERN_ASSIGN(SymTensor tensor, node.RawInput(0));
  return node.Output(0, std::move(tensor));
}

Status ConstantNode(NodeContext& node) {
  if (const Constant* value = node.Tensor("value")) {
    return node.SetConstant(*value);
  }
  Constant constant;
  if (node.HasAttribute("value_float")) {
    constant = {DataType::kFp32, {}, std::vector<float>{node.Float("value_float", 0)}};
  } else if (node.HasAttribute("value_int")) {
    constant = {DataType::kInt64, {}, std::vector<int64_t>{node.Int("value_int", 0)}};
  } else if (node.HasAttribute("value_floats")) {
    const std::vector<float> values = node.Floats("value_floats");
    constant = {DataType::kFp32, {static_cast<int64_t>(values.size())}, values};
  } else if (node.HasAttribute("value_ints")) {
    const std::vector<int64_t> values = node.Ints("value_ints");
    constant = {DataType::kInt64, {static_cast<int64_t>(values.size())}, values};
  } else {
    return node.Uncovered("this kind of constant");
  }
  return node.SetConstant(std::move(constant));
}

/// Constants next to per-row values are the same in every row: [1, …] stands for all rows only
/// where ONNX would have the sizes agree, so they are refused.
Status Concat(NodeContext& node) {
  std::vector<SymTensor> parts;
  for (size_t i = 0; i < node.node().inputs.size(); ++i) {
    QUERN_ASSIGN(SymTensor part, node.Input(i));
    parts.push_back(std::move(part));
  }
  if (parts.empty()) return node.Invalid("it has no inputs");
  QUERN_ASSIGN(const int64_t axis, node.Axis(parts[0], node.Int("axis", 0)));
  if (axis < 0) return node.Uncovered("appending rows");
  const auto at = static_cast<size_t>(axis);
  SymTensor out{parts[0].type, parts[0].rows, parts[0].dims, {}, nullptr};
  out.dims[at] = 0;
  for (const SymTensor& part : parts) {
    if (part.type != out.type || part.dims.size() != out.dims.size()) {
      return node.Invalid("its inputs differ in type or rank");
    }
    if (part.rows != out.rows) return node.Uncovered("a constant beside values of rows");
    for (size_t d = 0; d < part.dims.size(); ++d) {
      if (d != at && part.dims[d] != out.dims[d]) return node.Invalid("its inputs differ in shape");
    }
    out.dims[at] += part.dims[at];
  }
  const size_t outer = SplitAt(out.dims, at).outer;
  for (size_t o = 0; o < outer; ++o) {
    for (const SymTensor& part : parts) {
      const size_t length = part.items.size() / outer;
      const auto first = part.items.begin() + static_cast<ptrdiff_t>(o * length);
      out.items.insert(out.items.end(), first, first + static_cast<ptrdiff_t>(length));
    }
  }
  return node.Output(0, std::move(out));
}

Status SplitNode(NodeContext& node) {
  QUERN_ASSIGN(const SymTensor tensor, node.Input(0));
  QUERN_ASSIGN(const int64_t axis, node.Axis(tensor, node.Int("axis", 0)));
  if (axis < 0) return node.Uncovered("splitting rows");
  const size_t size = static_cast<size_t>(tensor.dims[static_cast<size_t>(axis)]);
  const size_t parts = node.node().outputs.size();
  std::vector<int64_t> sizes = node.Ints("split");
  if (node.Has(1)) {
    QUERN_ASSIGN(sizes, node.Integers(1));
  }
  if (sizes.empty() && parts > 0) {
    const size_t each = (size + parts - 1) / parts;
    for (size_t p = 0; p < parts; ++p) {
      sizes.push_back(static_cast<int64_t>(std::min(each, size - std::min(size, p * each))));
    }
  }
  size_t first = 0;
  for (size_t p = 0; p < parts; ++p) {
    if (p >= sizes.size() || sizes[p] < 0 || static_cast<size_t>(sizes[p]) > size - first) {
      return node.Invalid("its sizes do not add up to the axis");
    }
    std::vector<size_t> chosen(static_cast<size_t>(sizes[p]));
    std::iota(chosen.begin(), chosen.end(), first);
    first += chosen.size();
    QUERN_TRY(node.Output(p, Select(tensor, static_cast<size_t>(axis), chosen)));
  }
  return {};
}

struct SliceSpec {
  std::vector<int64_t> starts, ends, axes, steps;
};

Result<SliceSpec> ReadSlice(NodeContext& node) {
  SliceSpec spec{node.Ints("starts"), node.Ints("ends"), node.Ints("axes"), {}};
  if (node.opset() >= 10) {
    QUERN_ASSIGN(spec.starts, node.Integers(1));
    QUERN_ASSIGN(spec.ends, node.Integers(2));
    if (node.Has(3)) {
      QUERN_ASSIGN(spec.axes, node.Integers(3));
    }
    if (node.Has(4)) {
      QUERN_ASSIGN(spec.steps, node.Integers(4));
    }
  }
  if (spec.axes.empty()) {
    spec.axes.resize(spec.starts.size());
    std::iota(spec.axes.begin(), spec.axes.end(), 0);
  }
  spec.steps.resize(spec.starts.size(), 1);
  if (spec.ends.size() != spec.starts.size() || spec.axes.size() != spec.starts.size()) {
    return node.Invalid("its starts, ends and axes differ in length");
  }
  return spec;
}

Status Slice(NodeContext& node) {
  QUERN_ASSIGN(SymTensor tensor, node.Input(0));
  QUERN_ASSIGN(const SliceSpec spec, ReadSlice(node));
  for (size_t k = 0; k < spec.starts.size(); ++k) {
    QUERN_ASSIGN(const int64_t axis, node.Axis(tensor, spec.axes[k]));
    if (axis < 0 || spec.steps[k] != 1) return node.Uncovered("a slice of rows, or with steps");
    const int64_t size = tensor.dims[static_cast<size_t>(axis)];
    const auto place = [&](int64_t at) {
      return std::clamp<int64_t>(at < 0 ? (at < -size ? 0 : at + size) : at, 0, size);
    };
    const int64_t first = place(spec.starts[k]);
    std::vector<size_t> chosen(
        static_cast<size_t>(std::max<int64_t>(place(spec.ends[k]) - first, 0)));
    std::iota(chosen.begin(), chosen.end(), static_cast<size_t>(first));
    tensor = Select(tensor, static_cast<size_t>(axis), chosen);
  }
  return node.Output(0, std::move(tensor));
}

/// Gives the items another shape; `shape` may hold -1, 0 and the mark of rows.
Status Shaped(NodeContext& node, SymTensor tensor, std::vector<int64_t> shape, bool zero_copies) {
  std::vector<int64_t> full = tensor.dims;
  if (tensor.rows) full.insert(full.begin(), NodeContext::kRowsMark);
  for (size_t d = 0; zero_copies && d < shape.size(); ++d) {
    if (shape[d] == 0 && d < full.size()) shape[d] = full[d];
  }
  if (tensor.rows) {
    if (shape.empty()) return node.Uncovered("dropping the rows");
    std::vector<int64_t> inner(shape.begin() + 1, shape.end());
    const auto open = std::find(inner.begin(), inner.end(), -1);
    const auto width = static_cast<int64_t>(tensor.width());
    if (open != inner.end()) {
      // With an open first dimension the rest would have to be told.
      if (shape[0] != NodeContext::kRowsMark) return node.Uncovered("mixing rows and columns");
      *open = 1;
      const size_t known = CountItems(inner);
      if (known == 0 || width % static_cast<int64_t>(known) != 0) {
        return node.Invalid("the shape does not fit");
      }
      *open = width / static_cast<int64_t>(known);
    }
    if ((shape[0] != NodeContext::kRowsMark && shape[0] != -1) ||
        CountItems(inner) != tensor.width()) {
      return node.Uncovered("mixing rows and columns");
    }
    tensor.dims = std::move(inner);
    return node.Output(0, std::move(tensor));
  }
  const auto open = std::find(shape.begin(), shape.end(), -1);
  if (open != shape.end()) {
    *open = 1;
    const size_t known = CountItems(shape);
    *open = known ? static_cast<int64_t>(tensor.width() / known) : 0;
  }
  if (CountItems(shape) != tensor.width()) return node.Invalid("the shape does not fit");
  tensor.dims = std::move(shape);
  return node.Output(0, std::move(tensor));
}

Status Reshape(NodeContext& node) {
  QUERN_ASSIGN(SymTensor tensor, node.RawInput(0));
  if (tensor.distances) return node.Uncovered("the distance to many points");
  std::vector<int64_t> shape = node.Ints("shape");
  if (node.Has(1)) {
    QUERN_ASSIGN(shape, node.Integers(1));
  }
  // The values of [1, N] are one per row, whatever shape they get.
  tensor.turned = false;
  return Shaped(node, std::move(tensor), std::move(shape), node.Int("allowzero", 0) == 0);
}

Status Flatten(NodeContext& node) {
  QUERN_ASSIGN(SymTensor tensor, node.Input(0));
  if (!tensor.rows || node.Int("axis", 1) != 1) return node.Uncovered("this axis");
  const auto width = static_cast<int64_t>(tensor.width());
  return Shaped(node, std::move(tensor), {NodeContext::kRowsMark, width}, false);
}

/// Axes by attribute in old models, by input in new ones.
Result<std::vector<int64_t>> AxesOf(NodeContext& node) {
  if (node.Has(1)) return node.Integers(1);
  return node.Ints("axes");
}

Status Squeeze(NodeContext& node) {
  QUERN_ASSIGN(SymTensor tensor, node.Input(0));
  QUERN_ASSIGN(const std::vector<int64_t> axes, AxesOf(node));
  std::vector<bool> drop(tensor.dims.size(), axes.empty());
  for (int64_t a : axes) {
    QUERN_ASSIGN(const int64_t axis, node.Axis(tensor, a));
    if (axis < 0) return node.Uncovered("dropping the rows");
    drop[static_cast<size_t>(axis)] = true;
  }
  std::vector<int64_t> dims;
  for (size_t d = 0; d < tensor.dims.size(); ++d) {
    if (!drop[d] || (axes.empty() && tensor.dims[d] != 1)) {
      dims.push_back(tensor.dims[d]);
    } else if (tensor.dims[d] != 1) {
      return node.Invalid("an axis that is dropped is not 1");
    }
  }
  tensor.dims = std::move(dims);
  return node.Output(0, std::move(tensor));
}

Status Unsqueeze(NodeContext& node) {
  QUERN_ASSIGN(SymTensor tensor, node.Input(0));
  QUERN_ASSIGN(std::vector<int64_t> axes, AxesOf(node));
  const auto rank = static_cast<int64_t>(tensor.dims.size() + axes.size()) + (tensor.rows ? 1 : 0);
  for (int64_t& axis : axes) {
    if (axis < -rank || axis >= rank) return node.Invalid(fmt::format("axis {}", axis));
    if (axis < 0) axis += rank;
  }
  std::sort(axes.begin(), axes.end());
  for (int64_t axis : axes) {
    const int64_t at = axis - (tensor.rows ? 1 : 0);
    if (at < 0) return node.Uncovered("an axis before the rows");
    if (at > static_cast<int64_t>(tensor.dims.size())) return node.Invalid("an axis is repeated");
    tensor.dims.insert(tensor.dims.begin() + at, 1);
  }
  return node.Output(0, std::move(tensor));
}

Status Shape(NodeContext& node) {
  QUERN_ASSIGN(const SymTensor tensor, node.RawInput(0));
  if (node.HasAttribute("start") || node.HasAttribute("end")) return node.Uncovered("a part");
  SymTensor out{DataType::kInt64, false, {}, {}, nullptr};
  if (tensor.rows) out.items.push_back(node.terms().Rows());
  for (int64_t d : tensor.dims) out.items.push_back(node.terms().Integer(d));
  out.dims = {static_cast<int64_t>(out.items.size())};
  return node.Output(0, std::move(out));
}

/// `tensor` repeated to the shape that is told, where kRowsMark makes it one per row.
Status Repeat(NodeContext& node, const SymTensor& tensor, std::vector<int64_t> shape) {
  SymTensor target{tensor.type, false, {}, {}, nullptr};
  if (!shape.empty() && shape[0] == NodeContext::kRowsMark) {
    target.rows = true;
    shape.erase(shape.begin());
  }
  target.dims = std::move(shape);
  if (CountItems(target.dims) > kMostItems) return node.Uncovered("so large a value");
  const SymTensor* both[] = {&tensor, &target};
  const auto broadcast = BroadcastOf(both);
  if (!broadcast) return node.Uncovered("this combination of shapes");
  SymTensor out{tensor.type, broadcast->rows, broadcast->dims, {}, nullptr};
  for (uint32_t at : broadcast->positions[0]) out.items.push_back(tensor.items[at]);
  return node.Output(0, std::move(out));
}

Status Expand(NodeContext& node) {
  QUERN_ASSIGN(const SymTensor tensor, node.Input(0));
  QUERN_ASSIGN(std::vector<int64_t> shape, node.Integers(1));
  return Repeat(node, tensor, std::move(shape));
}

Status ConstantOfShape(NodeContext& node) {
  QUERN_ASSIGN(std::vector<int64_t> shape, node.Integers(0));
  SymTensor value{DataType::kFp32, false, {}, {}, nullptr};
  if (const Constant* given = node.Tensor("value")) {
    value.type = given->type;
    if (const auto* d = std::get_if<std::vector<double>>(&given->values); d && d->size() == 1) {
      value.items = {node.terms().Double(d->front())};
    } else if (const auto* f = std::get_if<std::vector<float>>(&given->values);
               f && f->size() == 1) {
      value.items = {node.terms().Float(f->front())};
    } else if (const auto* i = std::get_if<std::vector<int64_t>>(&given->values);
               i && i->size() == 1) {
      value.items = {node.terms().Integer(i->front())};
    } else {
      return node.Invalid("its value is not one number");
    }
  } else {
    value.items = {node.terms().Float(0)};
  }
  return Repeat(node, value, std::move(shape));
}

Status Transpose(NodeContext& node) {
  QUERN_ASSIGN(const SymTensor tensor, node.Input(0));
  const size_t lead = tensor.rows ? 1 : 0;
  const size_t rank = tensor.dims.size() + lead;
  std::vector<int64_t> perm = node.Ints("perm");
  if (perm.empty()) {
    for (size_t d = rank; d-- > 0;) perm.push_back(static_cast<int64_t>(d));
  }
  if (perm.size() != rank) return node.Invalid("its permutation has another rank");
  if (tensor.rows && perm[0] != 0) return node.Uncovered("exchanging rows and columns");
  std::vector<size_t> steps(tensor.dims.size(), 1);
  for (size_t d = tensor.dims.size(); d-- > 1;) {
    steps[d - 1] = steps[d] * static_cast<size_t>(tensor.dims[d]);
  }
  SymTensor out{tensor.type, tensor.rows, {}, {}, nullptr};
  std::vector<size_t> from;
  std::vector<bool> seen(rank, false);
  for (size_t d = lead; d < rank; ++d) {
    const int64_t p = perm[d];
    if (p < static_cast<int64_t>(lead) || p >= static_cast<int64_t>(rank) ||
        seen[static_cast<size_t>(p)]) {
      return node.Invalid("its permutation is none");
    }
    seen[static_cast<size_t>(p)] = true;
    out.dims.push_back(tensor.dims[static_cast<size_t>(p) - lead]);
    from.push_back(steps[static_cast<size_t>(p) - lead]);
  }
  out.items.resize(tensor.items.size());
  for (size_t i = 0; i < out.items.size(); ++i) {
    size_t rest = i;
    size_t at = 0;
    for (size_t d = out.dims.size(); d-- > 0;) {
      at += rest % static_cast<size_t>(out.dims[d]) * from[d];
      rest /= static_cast<size_t>(out.dims[d]);
    }
    out.items[i] = tensor.items[at];
  }
  return node.Output(0, std::move(out));
}

}  // namespace

const HandlerTable& ShapeHandlers() {
  static const HandlerTable table = {
      {"Identity", Identity},   {"Constant", ConstantNode}, {"Concat", Concat},
      {"Split", SplitNode},     {"Slice", Slice},           {"Gather", Gather},
      {"Reshape", Reshape},     {"Flatten", Flatten},       {"Squeeze", Squeeze},
      {"Unsqueeze", Unsqueeze}, {"Shape", Shape},           {"Expand", Expand},
      {"Transpose", Transpose}, {"Dropout", Identity},      {"ConstantOfShape", ConstantOfShape},
  };
  return table;
}

}  // namespace quern::model
