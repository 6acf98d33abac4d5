// Operators over a whole row: products, sums along an axis, softmax, arg max, nearest neighbours.
#include <fmt/format.h>

#include "model/compile.h"
#include "model/dense_kernels.h"

namespace quern::model {
namespace {

/// A constant matrix as doubles.
Result<std::vector<double>> MatrixOf(NodeContext& node, const SymTensor& tensor) {
  std::vector<double> values;
  if (tensor.rows) return node.Uncovered("a product of two computed values");
  for (TermId item : tensor.items) values.push_back(node.terms().NumberOf(item));
  return values;
}

Status MatMul(NodeContext& node) {
  QUERN_ASSIGN(const SymTensor a, node.Input(0));
  QUERN_ASSIGN(const SymTensor b, node.Input(1));
  if (!a.rows || a.dims.size() != 1 || !IsReal(a.type) || b.type != a.type || b.dims.size() != 2 ||
      b.width() == 0) {
    return node.Uncovered("this kind of product");
  }
  if (b.dims[0] != a.dims[0]) return node.Invalid("its matrices do not fit");
  QUERN_ASSIGN(std::vector<double> weights, MatrixOf(node, b));
  SymTensor out{a.type, true, {b.dims[1]}, {}, nullptr};
  out.items = ProductOf(node.terms(), a.items, std::move(weights), static_cast<size_t>(b.dims[1]));
  return node.Output(0, std::move(out));
}

Status Gemm(NodeContext& node) {
  QUERN_ASSIGN(const SymTensor a, node.Input(0));
  QUERN_ASSIGN(const SymTensor b, node.Input(1));
  if (!a.rows || a.dims.size() != 1 || !IsReal(a.type) || b.type != a.type || b.dims.size() != 2 ||
      b.width() == 0 || node.Int("transA", 0) != 0) {
    return node.Uncovered("this kind of product");
  }
  const bool turned = node.Int("transB", 0) != 0;
  const auto inner = static_cast<size_t>(b.dims[turned ? 1 : 0]);
  const auto width = static_cast<size_t>(b.dims[turned ? 0 : 1]);
  if (inner != a.width()) return node.Invalid("its matrices do not fit");
  QUERN_ASSIGN(const std::vector<double> given, MatrixOf(node, b));
  const auto alpha = static_cast<double>(node.Float("alpha", 1));
  const float beta = node.Float("beta", 1);
  std::vector<double> weights(given.size());
  for (size_t i = 0; i < inner; ++i) {
    for (size_t o = 0; o < width; ++o) {
      weights[i * width + o] = alpha * given[turned ? o * inner + i : i * width + o];
    }
  }
  SymTensor out{a.type, true, {static_cast<int64_t>(width)}, {}, nullptr};
  out.items = ProductOf(node.terms(), a.items, std::move(weights), width);
  if (node.Has(2)) {
    QUERN_ASSIGN(const SymTensor c, node.Input(2));
    const SymTensor* both[] = {&out, &c};
    const auto shape = BroadcastOf(both);
    if (!shape || c.type != a.type || shape->dims != out.dims) return node.Uncovered("its bias");
    const TermId factor = node.terms().Number(a.bank(), static_cast<double>(beta));
    for (size_t i = 0; i < shape->width; ++i) {
      TermId bias = c.items[shape->positions[1][i]];
      if (beta != 1) bias = node.terms().Make(Op::kMul, a.bank(), bias, factor);
      out.items[i] = node.terms().Make(Op::kAdd, a.bank(), out.items[i], bias);
    }
  }
  return node.Output(0, std::move(out));
}

enum class Fold { kSum, kMean, kMax, kMin, kSumSquare, kProduct };

/// Sums and the like over the axes of one row.
template <Fold kFold>
Status Reduce(NodeContext& node) {
  QUERN_ASSIGN(const SymTensor a, node.Input(0));
  if (!IsReal(a.type) && !(kFold == Fold::kSum && a.type == DataType::kInt64)) {
    return node.Uncovered(DataTypeName(a.type));
  }
  std::vector<int64_t> axes = node.Ints("axes");
  if (node.Has(1)) {
    QUERN_ASSIGN(axes, node.Integers(1));
  }
  if (axes.empty()) return node.Uncovered("adding up all rows");
  std::vector<bool> folded(a.dims.size(), false);
  for (int64_t given : axes) {
    QUERN_ASSIGN(const int64_t axis, node.Axis(a, given));
    if (axis < 0) return node.Uncovered("adding up all rows");
    folded[static_cast<size_t>(axis)] = true;
  }
  const bool keep = node.Int("keepdims", 1) != 0;
  SymTensor out{a.type, a.rows, {}, {}, nullptr};
  size_t width = 1;
  size_t count = 1;
  for (size_t d = 0; d < a.dims.size(); ++d) {
    (folded[d] ? count : width) *= static_cast<size_t>(a.dims[d]);
    if (!folded[d]) out.dims.push_back(a.dims[d]);
    if (folded[d] && keep) out.dims.push_back(1);
  }
  if (count == 0) return node.Uncovered("nothing to add up");
  Terms& terms = node.terms();
  out.items.assign(width, kNoTerm);
  constexpr Op kOp = kFold == Fold::kMax       ? Op::kMax
                     : kFold == Fold::kMin     ? Op::kMin
                     : kFold == Fold::kProduct ? Op::kMul
                                               : Op::kAdd;
  for (size_t i = 0; i < a.items.size(); ++i) {
    size_t rest = i;
    size_t at = 0;
    size_t step = 1;
    for (size_t d = a.dims.size(); d-- > 0;) {
      const size_t position = rest % static_cast<size_t>(a.dims[d]);
      rest /= static_cast<size_t>(a.dims[d]);
      if (folded[d]) continue;
      at += position * step;
      step *= static_cast<size_t>(a.dims[d]);
    }
    TermId item = a.items[i];
    if (kFold == Fold::kSumSquare) item = terms.Make(Op::kMul, a.bank(), item, item);
    TermId& sum = out.items[at];
    sum = sum == kNoTerm ? item : terms.Make(kOp, a.bank(), sum, item);
  }
  if (kFold == Fold::kMean) {
    const TermId by = terms.Number(a.bank(), static_cast<double>(count));
    for (TermId& item : out.items) item = terms.Make(Op::kDiv, a.bank(), item, by);
  }
  return node.Output(0, std::move(out));
}

/// log(sum(e^x)) of a row, kept from overflowing by its maximum.
Status LogSumExp(NodeContext& node) {
  QUERN_ASSIGN(const SymTensor a, node.Input(0));
  std::vector<int64_t> axes = node.Ints("axes");
  if (node.Has(1)) {
    QUERN_ASSIGN(axes, node.Integers(1));
  }
  if (!a.rows || a.dims.size() != 1 || !IsReal(a.type) || a.items.empty() || axes.size() != 1) {
    return node.Uncovered("this axis");
  }
  QUERN_ASSIGN(const int64_t axis, node.Axis(a, axes[0]));
  if (axis != 0) return node.Uncovered("this axis");
  Terms& terms = node.terms();
  const auto make = [&](Op op, TermId x, TermId y = kNoTerm) {
    return terms.Make(op, a.bank(), x, y);
  };
  TermId most = a.items[0];
  for (TermId item : a.items) most = make(Op::kMax, most, item);
  TermId sum = kNoTerm;
  for (TermId item : a.items) {
    const TermId power = make(Op::kExp, make(Op::kSub, item, most));
    sum = sum == kNoTerm ? power : make(Op::kAdd, sum, power);
  }
  SymTensor out{a.type, true, {}, {make(Op::kAdd, make(Op::kLog, sum), most)}, nullptr};
  if (node.Int("keepdims", 1) != 0) out.dims = {1};
  return node.Output(0, std::move(out));
}

/// The only dimension of a row, which `axis` must name.
Result<bool> IsLastOfTwo(NodeContext& node, const SymTensor& a, int64_t axis) {
  QUERN_ASSIGN(const int64_t at, node.Axis(a, axis));
  return a.rows && a.dims.size() == 1 && at == 0 && IsReal(a.type) && a.width() > 0;
}

Status Softmax(NodeContext& node) {
  QUERN_ASSIGN(SymTensor a, node.Input(0));
  QUERN_ASSIGN(const bool plain,
               IsLastOfTwo(node, a, node.Int("axis", node.opset() < 13 ? 1 : -1)));
  if (!plain) return node.Uncovered("this axis");
  a.items = SoftmaxOf(node.terms(), a.items);
  return node.Output(0, std::move(a));
}

Status ArgMax(NodeContext& node) {
  QUERN_ASSIGN(const SymTensor a, node.Input(0));
  QUERN_ASSIGN(const bool plain, IsLastOfTwo(node, a, node.Int("axis", 0)));
  if (!plain || node.Int("select_last_index", 0) != 0) return node.Uncovered("this axis");
  SymTensor out{DataType::kInt64, true, {}, {ArgMaxOf(node.terms(), a.items)}, nullptr};
  if (node.Int("keepdims", 1) != 0) out.dims = {1};
  return node.Output(0, std::move(out));
}

Status TopK(NodeContext& node) {
  QUERN_ASSIGN(const SymTensor a, node.RawInput(0));
  QUERN_ASSIGN(const std::vector<int64_t> wanted, node.Integers(1));
  if (!a.distances || !a.distances->squared || node.Int("largest", 1) != 0 ||
      node.Int("sorted", 1) == 0) {
    return node.Uncovered("anything but nearest neighbours");
  }
  QUERN_ASSIGN(const int64_t axis, node.Axis(a, node.Int("axis", -1)));
  if (axis != 0) return node.Uncovered("this axis");
  if (wanted.size() != 1 || wanted[0] < 1 || wanted[0] > a.dims[0]) {
    return node.Invalid("it asks for another number of values than there are");
  }
  const auto k = static_cast<size_t>(wanted[0]);
  if (k > 256) return node.Uncovered("so many neighbours");
  const std::vector<TermId> found =
      node.terms().AddKernel(MakeNearest(a.distances->features, a.distances->points, k));
  SymTensor values{DataType::kFp64, true, {wanted[0]}, {}, nullptr};
  SymTensor indices{DataType::kInt64, true, {wanted[0]}, {}, nullptr};
  for (size_t i = 0; i < k; ++i) {
    values.items.push_back(found[i]);
    indices.items.push_back(node.terms().Cast(found[k + i], Bank::kInteger));
  }
  QUERN_TRY(node.Output(0, std::move(values)));
  return node.Output(1, std::move(indices));
}

}  // namespace

std::vector<TermId> ProductOf(Terms& terms, std::vector<TermId> inputs, std::vector<double> weights,
                              size_t outputs) {
  const Bank bank = terms.at(inputs.front()).bank;
  return terms.AddKernel(MakeProduct(bank, std::move(inputs), std::move(weights), outputs));
}

std::vector<TermId> SoftmaxOf(Terms& terms, std::vector<TermId> inputs) {
  const Bank bank = terms.at(inputs.front()).bank;
  return terms.AddKernel(MakeSoftmax(bank, std::move(inputs)));
}

TermId ArgMaxOf(Terms& terms, std::vector<TermId> inputs) {
  const Bank bank = terms.at(inputs.front()).bank;
  return terms.AddKernel(MakeArgMax(bank, std::move(inputs))).front();
}

const HandlerTable& MatrixHandlers() {
  static const HandlerTable table = {
      {"MatMul", MatMul},
      {"Gemm", Gemm},
      {"ReduceSum", Reduce<Fold::kSum>},
      {"ReduceMean", Reduce<Fold::kMean>},
      {"ReduceMax", Reduce<Fold::kMax>},
      {"ReduceMin", Reduce<Fold::kMin>},
      {"ReduceProd", Reduce<Fold::kProduct>},
      {"ReduceLogSumExp", LogSumExp},
      {"ReduceSumSquare", Reduce<Fold::kSumSquare>},
      {"Softmax", Softmax},
      {"ArgMax", ArgMax},
      {"TopK", TopK},
  };
  return table;
}

}  // namespace quern::model
