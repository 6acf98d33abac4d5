// Operators that work item by item: arithmetic, comparison, logic, Where, Cast, Clip.
#include <fmt/format.h>

#include <cmath>

#include "model/compile.h"
#include "model/onnx_types.h"

namespace quern::model {
namespace {

bool IsNumber(DataType type) {
  return type == DataType::kFp64 || type == DataType::kFp32 || type == DataType::kInt64 ||
         type == DataType::kInt32;
}

/// The node's first `count` inputs (all if 0) on a common shape.
Result<std::vector<SymTensor>> Operands(NodeContext& node, size_t count) {
  std::vector<SymTensor> operands;
  const size_t present = count ? count : node.node().inputs.size();
  for (size_t i = 0; i < present; ++i) {
    QUERN_ASSIGN(SymTensor tensor, node.Input(i));
    operands.push_back(std::move(tensor));
  }
  if (operands.empty()) return node.Invalid("it has no inputs");
  return operands;
}

Result<Broadcast> Common(NodeContext& node, const std::vector<SymTensor>& operands) {
  std::vector<const SymTensor*> pointers;
  for (const SymTensor& operand : operands) pointers.push_back(&operand);
  auto broadcast = BroadcastOf(pointers);
  if (!broadcast) return node.Uncovered("this combination of shapes");
  return std::move(*broadcast);
}

/// `f` of every position's two items.
template <class F>
Status Pairwise(NodeContext& node, DataType result, const std::vector<SymTensor>& operands, F f) {
  QUERN_ASSIGN(const Broadcast shape, Common(node, operands));
  SymTensor out{result, shape.rows, shape.dims, {}, nullptr};
  for (size_t i = 0; i < shape.width; ++i) {
    out.items.push_back(
        f(operands[0].items[shape.positions[0][i]], operands[1].items[shape.positions[1][i]]));
  }
  return node.Output(0, std::move(out));
}

/// Nearest neighbours: a column less many known points, kept as Distances.
Result<bool> StartDistances(NodeContext& node) {
  const Constant* points = node.ConstantInput(1);
  if (!points || points->shape.size() != 2 || points->shape[0] != 1 || points->shape[1] < 16) {
    return false;
  }
  const auto* values = std::get_if<std::vector<double>>(&points->values);
  QUERN_ASSIGN(const SymTensor column, node.Input(0));
  if (!values || !column.rows || column.type != DataType::kFp64 || column.width() != 1 ||
      column.dims.size() != 1) {
    return false;
  }
  auto distances = std::make_shared<Distances>();
  distances->features = {column.items[0]};
  distances->points = {std::make_shared<const std::vector<double>>(*values)};
  SymTensor out{DataType::kFp64, true, {points->shape[1]}, {}, std::move(distances)};
  QUERN_TRY(node.Output(0, std::move(out)));
  return true;
}

/// Squares of differences, and sums of those.
Result<bool> ContinueDistances(NodeContext& node, bool multiply) {
  QUERN_ASSIGN(const SymTensor a, node.RawInput(0));
  QUERN_ASSIGN(const SymTensor b, node.RawInput(1));
  if (!a.distances || !b.distances) return false;
  auto made = std::make_shared<Distances>(*a.distances);
  if (multiply) {
    if (node.node().inputs[0] != node.node().inputs[1] || made->squared) return false;
    made->squared = true;
  } else {
    if (!a.distances->squared || !b.distances->squared || a.dims != b.dims) return false;
    if (a.distances->features.size() + b.distances->features.size() > kMostDistances) {
      return node.Uncovered("nearest neighbours of so many features");
    }
    made->features.insert(made->features.end(), b.distances->features.begin(),
                          b.distances->features.end());
    made->points.insert(made->points.end(), b.distances->points.begin(), b.distances->points.end());
  }
  QUERN_TRY(node.Output(0, {DataType::kFp64, true, a.dims, {}, std::move(made)}));
  return true;
}

template <Op kOp>
Status Arithmetic(NodeContext& node) {
  if constexpr (kOp == Op::kSub) {
    QUERN_ASSIGN(const bool done, StartDistances(node));
    if (done) return {};
  }
  if constexpr (kOp == Op::kMul || kOp == Op::kAdd) {
    QUERN_ASSIGN(const bool done, ContinueDistances(node, kOp == Op::kMul));
    if (done) return {};
  }
  QUERN_ASSIGN(const auto operands, Operands(node, 2));
  const DataType type = operands[0].type;
  if (!IsNumber(type) || operands[1].type != type || (kOp == Op::kPow && !IsReal(type))) {
    return node.Uncovered(
        fmt::format("{} with {}", DataTypeName(type), DataTypeName(operands[1].type)));
  }
  if (kOp == Op::kMod && IsReal(type) != (node.Int("fmod", 0) != 0)) {
    return node.Uncovered("this kind of remainder");
  }
  return Pairwise(node, type, operands,
                  [&](TermId a, TermId b) { return node.terms().Make(kOp, BankOf(type), a, b); });
}

template <Op kOp>
Status Variadic(NodeContext& node) {
  QUERN_ASSIGN(const auto operands, Operands(node, 0));
  const DataType type = operands[0].type;
  QUERN_ASSIGN(const Broadcast shape, Common(node, operands));
  SymTensor out{type, shape.rows, shape.dims, {}, nullptr};
  for (const SymTensor& operand : operands) {
    if (!IsNumber(type) || operand.type != type) return node.Uncovered("this mix of types");
  }
  for (size_t i = 0; i < shape.width; ++i) {
    TermId item = operands[0].items[shape.positions[0][i]];
    for (size_t k = 1; k < operands.size(); ++k) {
      item = node.terms().Make(kOp, BankOf(type), item, operands[k].items[shape.positions[k][i]]);
    }
    out.items.push_back(item);
  }
  return node.Output(0, std::move(out));
}

/// Greater is Less with the operands exchanged.
template <Op kOp, bool kSwap>
Status Compare(NodeContext& node) {
  QUERN_ASSIGN(const auto operands, Operands(node, 2));
  const DataType type = operands[0].type;
  if (operands[1].type != type || (kOp != Op::kEqual && !IsNumber(type))) {
    return node.Uncovered(
        fmt::format("{} with {}", DataTypeName(type), DataTypeName(operands[1].type)));
  }
  return Pairwise(node, DataType::kBool, operands, [&](TermId a, TermId b) {
    return kSwap ? node.terms().Make(kOp, Bank::kInteger, b, a)
                 : node.terms().Make(kOp, Bank::kInteger, a, b);
  });
}

template <Op kOp>
Status Logic(NodeContext& node) {
  QUERN_ASSIGN(const auto operands, Operands(node, 2));
  if (operands[0].type != DataType::kBool || operands[1].type != DataType::kBool) {
    return node.Invalid("its inputs are not boolean");
  }
  return Pairwise(node, DataType::kBool, operands,
                  [&](TermId a, TermId b) { return node.terms().Make(kOp, Bank::kInteger, a, b); });
}

/// `f` of every item.
template <class F>
Status Map(NodeContext& node, SymTensor tensor, DataType result, F f) {
  tensor.type = result;
  for (TermId& item : tensor.items) item = f(item);
  return node.Output(0, std::move(tensor));
}

template <Op kOp>
Status Unary(NodeContext& node) {
  QUERN_ASSIGN(SymTensor tensor, node.Input(0));
  const DataType type = tensor.type;
  const bool whole = (kOp == Op::kNeg || kOp == Op::kAbs) && IsNumber(type);
  if (!whole && !IsReal(type)) return node.Uncovered(DataTypeName(type));
  return Map(node, std::move(tensor), type,
             [&](TermId item) { return node.terms().Make(kOp, BankOf(type), item); });
}

Status Reciprocal(NodeContext& node) {
  QUERN_ASSIGN(SymTensor tensor, node.Input(0));
  const DataType type = tensor.type;
  if (!IsReal(type)) return node.Uncovered(DataTypeName(type));
  const TermId one = node.terms().Number(BankOf(type), 1);
  return Map(node, std::move(tensor), type,
             [&](TermId item) { return node.terms().Make(Op::kDiv, BankOf(type), one, item); });
}

Status Relu(NodeContext& node) {
  QUERN_ASSIGN(SymTensor tensor, node.Input(0));
  const DataType type = tensor.type;
  if (!IsReal(type)) return node.Uncovered(DataTypeName(type));
  const TermId zero = node.terms().Number(BankOf(type), 0);
  return Map(node, std::move(tensor), type,
             [&](TermId item) { return node.terms().Make(Op::kMax, BankOf(type), item, zero); });
}

Status Not(NodeContext& node) {
  QUERN_ASSIGN(SymTensor tensor, node.Input(0));
  if (tensor.type != DataType::kBool) return node.Invalid("its input is not boolean");
  return Map(node, std::move(tensor), DataType::kBool,
             [&](TermId item) { return node.terms().Make(Op::kNot, Bank::kInteger, item); });
}

Status IsNaN(NodeContext& node) {
  QUERN_ASSIGN(SymTensor tensor, node.Input(0));
  if (!IsReal(tensor.type)) return node.Uncovered(DataTypeName(tensor.type));
  return Map(node, std::move(tensor), DataType::kBool,
             [&](TermId item) { return node.terms().Make(Op::kIsNaN, Bank::kInteger, item); });
}

Status IsInf(NodeContext& node) {
  QUERN_ASSIGN(SymTensor tensor, node.Input(0));
  if (!IsReal(tensor.type)) return node.Uncovered(DataTypeName(tensor.type));
  const bool positive = node.Int("detect_positive", 1) != 0;
  const bool negative = node.Int("detect_negative", 1) != 0;
  return Map(node, std::move(tensor), DataType::kBool, [&](TermId item) {
    Terms& terms = node.terms();
    const TermId up =
        positive ? terms.Make(Op::kIsPositiveInf, Bank::kInteger, item) : terms.Integer(0);
    const TermId down =
        negative ? terms.Make(Op::kIsNegativeInf, Bank::kInteger, item) : terms.Integer(0);
    return terms.Make(Op::kOr, Bank::kInteger, up, down);
  });
}

Status Where(NodeContext& node) {
  QUERN_ASSIGN(const auto operands, Operands(node, 3));
  if (operands[0].type != DataType::kBool || operands[1].type != operands[2].type) {
    return node.Invalid("its inputs are not a condition and two values of one type");
  }
  QUERN_ASSIGN(const Broadcast shape, Common(node, operands));
  SymTensor out{operands[1].type, shape.rows, shape.dims, {}, nullptr};
  for (size_t i = 0; i < shape.width; ++i) {
    out.items.push_back(node.terms().Where(operands[0].items[shape.positions[0][i]],
                                           operands[1].items[shape.positions[1][i]],
                                           operands[2].items[shape.positions[2][i]]));
  }
  return node.Output(0, std::move(out));
}

Status Cast(NodeContext& node) {
  QUERN_ASSIGN(SymTensor tensor, node.RawInput(0));
  if (tensor.distances) return node.Uncovered("the distance to many points");
  const auto to = FromOnnxType(static_cast<int32_t>(node.Int("to", 0)));
  if (!to) return node.Uncovered("the type that it casts to");
  if (*to == tensor.type) return node.Output(0, std::move(tensor));
  const bool known = *to == DataType::kBool || IsNumber(*to);
  if (!known || tensor.type == DataType::kBytes) {
    return node.Uncovered(
        fmt::format("a cast from {} to {}", DataTypeName(tensor.type), DataTypeName(*to)));
  }
  const bool narrows = *to == DataType::kInt32 && tensor.type != DataType::kBool;
  if (narrows) return node.Uncovered("a cast to INT32");
  return Map(node, std::move(tensor), *to, [&](TermId item) {
    if (*to == DataType::kBool) return node.terms().Make(Op::kTruth, Bank::kInteger, item);
    return node.terms().Cast(item, BankOf(*to));
  });
}

Status Clip(NodeContext& node) {
  QUERN_ASSIGN(SymTensor tensor, node.Input(0));
  const DataType type = tensor.type;
  if (!IsReal(type)) return node.Uncovered(DataTypeName(type));
  Terms& terms = node.terms();
  TermId low = kNoTerm;
  TermId high = kNoTerm;
  if (node.opset() < 11) {
    if (node.HasAttribute("min")) low = terms.Number(tensor.bank(), node.Float("min", 0));
    if (node.HasAttribute("max")) high = terms.Number(tensor.bank(), node.Float("max", 0));
  }
  for (size_t i = 1; i <= 2; ++i) {
    if (!node.Has(i)) continue;
    QUERN_ASSIGN(const SymTensor bound, node.Input(i));
    if (bound.rows || bound.width() != 1 || bound.type != type) {
      return node.Uncovered("a bound that is no constant");
    }
    (i == 1 ? low : high) = bound.items[0];
  }
  return Map(node, std::move(tensor), type, [&](TermId item) {
    if (low != kNoTerm) {
      item = terms.Where(terms.Make(Op::kLess, Bank::kInteger, item, low), low, item);
    }
    if (high != kNoTerm) {
      item = terms.Where(terms.Make(Op::kLess, Bank::kInteger, high, item), high, item);
    }
    return item;
  });
}

}  // namespace

const HandlerTable& ElementwiseHandlers() {
  static const HandlerTable table = {
      {"Add", Arithmetic<Op::kAdd>},
      {"Sub", Arithmetic<Op::kSub>},
      {"Mul", Arithmetic<Op::kMul>},
      {"Div", Arithmetic<Op::kDiv>},
      {"Pow", Arithmetic<Op::kPow>},
      {"Mod", Arithmetic<Op::kMod>},
      {"Min", Variadic<Op::kMin>},
      {"Max", Variadic<Op::kMax>},
      {"Sum", Variadic<Op::kAdd>},
      {"Less", Compare<Op::kLess, false>},
      {"LessOrEqual", Compare<Op::kLessEqual, false>},
      {"Greater", Compare<Op::kLess, true>},
      {"GreaterOrEqual", Compare<Op::kLessEqual, true>},
      {"Equal", Compare<Op::kEqual, false>},
      {"And", Logic<Op::kAnd>},
      {"Or", Logic<Op::kOr>},
      {"Xor", Logic<Op::kXor>},
      {"Not", Not},
      {"Neg", Unary<Op::kNeg>},
      {"Abs", Unary<Op::kAbs>},
      {"Floor", Unary<Op::kFloor>},
      {"Ceil", Unary<Op::kCeil>},
      {"Round", Unary<Op::kRound>},
      {"Sqrt", Unary<Op::kSqrt>},
      {"Exp", Unary<Op::kExp>},
      {"Log", Unary<Op::kLog>},
      {"Tanh", Unary<Op::kTanh>},
      {"Erf", Unary<Op::kErf>},
      {"Sigmoid", Unary<Op::kLogistic>},
      {"Reciprocal", Reciprocal},
      {"Relu", Relu},
      {"IsNaN", IsNaN},
      {"IsInf", IsInf},
      {"Where", Where},
      {"Cast", Cast},
      {"Clip", Clip},
  };
  return table;
}

}  // namespace quern::model
