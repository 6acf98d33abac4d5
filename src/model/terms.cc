#include "model/terms.h"

#include <bit>
#include <cmath>

#include "model/kernels.h"
#include "model/scalar_ops.h"

namespace quern::model {

Bank BankOf(DataType type) {
  switch (type) {
    case DataType::kFp64:
      return Bank::kDouble;
    case DataType::kFp32:
      return Bank::kFloat;
    case DataType::kBytes:
      return Bank::kText;
    default:
      return Bank::kInteger;
  }
}

Terms::Terms() = default;
Terms::~Terms() = default;

TermId Terms::Intern(const Term& term) {
  const auto [at, added] = known_.try_emplace(term, static_cast<TermId>(terms_.size()));
  if (added) terms_.push_back(term);
  return at->second;
}

TermId Terms::Input(int32_t tensor, int32_t column, Bank bank) {
  return Intern({Op::kInput, bank, tensor, column});
}

TermId Terms::Rows() { return Intern({Op::kRows, Bank::kInteger}); }

TermId Terms::Double(double value) {
  const auto [at, added] = known_doubles_.try_emplace(std::bit_cast<uint64_t>(value));
  if (added) {
    doubles_.push_back(value);
    at->second = Intern({Op::kConstant, Bank::kDouble, kNoTerm, kNoTerm, kNoTerm,
                         static_cast<int32_t>(doubles_.size() - 1)});
  }
  return at->second;
}

TermId Terms::Float(float value) {
  const auto [at, added] = known_floats_.try_emplace(std::bit_cast<uint32_t>(value));
  if (added) {
    floats_.push_back(value);
    at->second = Intern({Op::kConstant, Bank::kFloat, kNoTerm, kNoTerm, kNoTerm,
                         static_cast<int32_t>(floats_.size() - 1)});
  }
  return at->second;
}

TermId Terms::Integer(int64_t value) {
  const auto [at, added] = known_integers_.try_emplace(value);
  if (added) {
    integers_.push_back(value);
    at->second = Intern({Op::kConstant, Bank::kInteger, kNoTerm, kNoTerm, kNoTerm,
                         static_cast<int32_t>(integers_.size() - 1)});
  }
  return at->second;
}

TermId Terms::Text(const std::string& value) {
  const auto [at, added] = known_texts_.try_emplace(value);
  if (added) {
    texts_.push_back(value);
    at->second = Intern({Op::kConstant, Bank::kText, kNoTerm, kNoTerm, kNoTerm,
                         static_cast<int32_t>(texts_.size() - 1)});
  }
  return at->second;
}

TermId Terms::Number(Bank bank, double value) {
  if (bank == Bank::kDouble) return Double(value);
  if (bank == Bank::kFloat) return Float(static_cast<float>(value));
  return Integer(Convert<int64_t>(value));
}

double Terms::NumberOf(TermId id) const {
  switch (at(id).bank) {
    case Bank::kDouble:
      return DoubleOf(id);
    case Bank::kFloat:
      return static_cast<double>(FloatOf(id));
    default:
      return static_cast<double>(IntegerOf(id));
  }
}

int32_t Terms::AddTable(LookupTable table) {
  tables_.push_back(std::move(table));
  return static_cast<int32_t>(tables_.size() - 1);
}

int32_t Terms::AddList(Values list) {
  lists_.push_back(std::move(list));
  return static_cast<int32_t>(lists_.size() - 1);
}

std::vector<TermId> Terms::AddKernel(std::unique_ptr<Kernel> kernel) {
  const auto index = static_cast<TermId>(kernels_.size());
  std::vector<TermId> outputs;
  for (size_t i = 0; i < kernel->outputs; ++i) {
    outputs.push_back(Intern({Op::kKernel, kernel->output_bank, index, static_cast<TermId>(i)}));
  }
  kernels_.push_back(std::move(kernel));
  return outputs;
}

std::vector<std::unique_ptr<Kernel>> Terms::TakeKernels() { return std::move(kernels_); }

TermId Terms::Make(Op op, Bank bank, TermId a, TermId b, TermId c) {
  const Term term{op, bank, a, b, c};
  const auto known = known_.find(term);
  if (known != known_.end()) return known->second;
  TermId made = kNoTerm;
  const bool constant = IsConstant(a) && (b == kNoTerm || IsConstant(b));
  if (op == Op::kWhere) {
    made = FuseWhere(a, b, c);
  } else if (constant) {
    made = Fold(term);
  } else {
    made = FuseArithmetic(op, a, b);
  }
  if (made == kNoTerm) return Intern(term);
  known_.emplace(term, made);
  return made;
}

TermId Terms::Where(TermId condition, TermId yes, TermId no) {
  return Make(Op::kWhere, at(yes).bank, condition, yes, no);
}

TermId Terms::Cast(TermId a, Bank bank) {
  const Term& from = at(a);
  if (from.bank == bank) return a;
  // A truth that went through double to float may go directly.
  if (from.op == Op::kCast && bank == Bank::kFloat && from.bank == Bank::kDouble) {
    const Op source = at(from.a).op;
    if (source >= Op::kLess && source <= Op::kNot) return Make(Op::kCast, bank, from.a);
  }
  return Make(Op::kCast, bank, a);
}

TermId Terms::Lookup(TermId a, int32_t table, Bank bank) {
  return Intern({Op::kLookup, bank, a, kNoTerm, kNoTerm, table});
}

TermId Terms::Take(TermId index, int32_t list, Bank bank) {
  return Intern({Op::kTake, bank, index, kNoTerm, kNoTerm, list});
}

TermId Terms::ExtendNumeric(TermId a, uint8_t stage, double value, bool multiplies) {
  NumericStep step;
  TermId source = a;
  const Bank bank = at(a).bank;
  if (at(a).op == Op::kNumeric && numeric_[Index(a)].done < stage) {
    step = numeric_[Index(a)];
    source = at(a).a;
  }
  step.done = stage;
  if (stage == 1) {
    step.impute = value;
    step.imputes = true;
  }
  if (stage == 2) step.low = value;
  if (stage == 3) step.high = value;
  if (stage == 4) step.offset = value;
  if (stage == 5) {
    step.scale = value;
    step.multiplies = multiplies;
  }
  numeric_.push_back(step);
  return Intern(
      {Op::kNumeric, bank, source, kNoTerm, kNoTerm, static_cast<int32_t>(numeric_.size() - 1)});
}

TermId Terms::FuseWhere(TermId condition, TermId yes, TermId no) {
  if (yes == no) return yes;
  if (IsConstant(condition)) return IntegerOf(condition) != 0 ? yes : no;
  const Term test = at(condition);
  const Bank bank = at(yes).bank;
  if (!IsConstant(yes) || IsConstant(no) || (bank != Bank::kDouble && bank != Bank::kFloat)) {
    return kNoTerm;
  }
  if (test.op == Op::kIsNaN && test.a == no) return ExtendNumeric(no, 1, NumberOf(yes));
  if (test.op == Op::kLess && test.a == no && test.b == yes && !std::isnan(NumberOf(yes))) {
    return ExtendNumeric(no, 2, NumberOf(yes));
  }
  if (test.op == Op::kLess && test.b == no && test.a == yes && !std::isnan(NumberOf(yes))) {
    return ExtendNumeric(no, 3, NumberOf(yes));
  }
  return kNoTerm;
}

TermId Terms::FuseArithmetic(Op op, TermId a, TermId b) {
  if (b == kNoTerm || !IsConstant(b)) return kNoTerm;
  const Bank bank = at(b).bank;
  if (bank != Bank::kDouble && bank != Bank::kFloat) return kNoTerm;
  const double value = NumberOf(b);
  switch (op) {
    case Op::kSub:
      return ExtendNumeric(a, 4, value);
    case Op::kAdd:
      return ExtendNumeric(a, 4, -value);
    case Op::kDiv:
      return ExtendNumeric(a, 5, value);
    case Op::kMul:
      return ExtendNumeric(a, 5, value, true);
    default:
      return kNoTerm;
  }
}

namespace {

/// The result of an operation on constants of one bank, by way of `make`.
template <class T, class Number, class Truth>
bool FoldNumbers(Op op, T a, T b, bool binary, Number number, Truth truth) {
  if (binary) {
    return VisitArithmetic<T>(op, [&](auto f) { number(f(a, b)); }) ||
           VisitCompare<T>(op, [&](auto f) { truth(f(a, b)); });
  }
  return VisitUnary<T>(op, [&](auto f) { number(f(a)); }) ||
         VisitTest<T>(op, [&](auto f) { truth(f(a)); });
}

}  // namespace

TermId Terms::Fold(const Term& term) {
  TermId made = kNoTerm;
  const bool binary = term.b != kNoTerm;
  const auto truth = [&](int64_t value) { made = Integer(value); };
  const Bank bank = at(term.a).bank;
  if (term.op == Op::kCast && bank != Bank::kText && term.bank != Bank::kText) {
    if (term.bank != Bank::kInteger) {
      return bank == Bank::kInteger && term.bank == Bank::kFloat
                 ? Float(static_cast<float>(IntegerOf(term.a)))
                 : Number(term.bank, NumberOf(term.a));
    }
    return Integer(Convert<int64_t>(NumberOf(term.a)));
  }
  if (term.op == Op::kRoundUp) return Float(RoundUp(DoubleOf(term.a)));
  switch (bank) {
    case Bank::kDouble:
      FoldNumbers<double>(
          term.op, DoubleOf(term.a), binary ? DoubleOf(term.b) : 0, binary,
          [&](double value) { made = Double(value); }, truth);
      break;
    case Bank::kFloat:
      FoldNumbers<float>(
          term.op, FloatOf(term.a), binary ? FloatOf(term.b) : 0, binary,
          [&](float value) { made = Float(value); }, truth);
      break;
    case Bank::kInteger:
      FoldNumbers<int64_t>(term.op, IntegerOf(term.a), binary ? IntegerOf(term.b) : 0, binary,
                           truth, truth);
      break;
    case Bank::kText:
      if (binary) {
        VisitCompare<std::string>(term.op,
                                  [&](auto f) { truth(f(TextOf(term.a), TextOf(term.b))); });
      }
      break;
  }
  return made;
}

}  // namespace quern::model
