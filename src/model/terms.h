#pragma once
// The intermediate form of the compiled engine: what one row's outputs are made of, one number or
// text at a time. Tensors are lists of terms, so that Concat, Split, Gather, Reshape and their like
// cost nothing at run time; only arithmetic, look-ups and kernels are left.
#include <cstdint>
#include <limits>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <tuple>
#include <variant>
#include <vector>

#include "base/result.h"
#include "model/tensor.h"

namespace quern::model {

using TermId = int32_t;
inline constexpr TermId kNoTerm = -1;

/// Where a term's value lies at run time. Integers hold every integer type and booleans (0 or 1).
enum class Bank : uint8_t { kDouble, kFloat, kInteger, kText };
inline constexpr size_t kBanks = 4;
Bank BankOf(DataType type);

enum class Op : uint8_t {
  kInput,     // a: input tensor, b: column
  kConstant,  // extra: index into the bank's constants
  kRows,      // the number of rows, as an integer; only shapes hold it
  kKernel,    // a: kernel, b: which of its outputs
  kCopy,
  // numbers, the result in the operands' bank
  kAdd,
  kSub,
  kMul,
  kDiv,
  kPow,
  kMod,
  kMin,
  kMax,
  kNeg,
  kAbs,
  kFloor,
  kCeil,
  kRound,
  kSqrt,
  kExp,
  kLog,
  kTanh,
  kErf,
  kLogistic,  // 1 / (1 + e^-x)
  kNumeric,   // extra: NumericStep
  // integers 0 or 1
  kLess,
  kLessEqual,
  kEqual,
  kIsNaN,
  kIsPositiveInf,
  kIsNegativeInf,
  kAnd,
  kOr,
  kXor,
  kNot,
  kWhere,    // a ? b : c
  kCast,     // to the result's bank; doubles and floats truncate to integers
  kTruth,    // a number as 0 or 1
  kRoundUp,  // a double as the next float that is not less
  kLookup,   // extra: LookupTable
  kTake,     // extra: list of constants, at index a
};

struct Term {
  Op op = Op::kConstant;
  Bank bank = Bank::kDouble;
  TermId a = kNoTerm;
  TermId b = kNoTerm;
  TermId c = kNoTerm;
  int32_t extra = -1;
  auto operator<=>(const Term&) const = default;
};

/// The preparation of one numeric column in one step: a missing value becomes `impute`, then clip,
/// then (x - offset) / scale or (x - offset) * scale. What a column does not need is neutral.
struct NumericStep {
  double impute = std::numeric_limits<double>::quiet_NaN();
  double low = -std::numeric_limits<double>::infinity();
  double high = std::numeric_limits<double>::infinity();
  double offset = 0;
  double scale = 1;
  bool multiplies = false;
  bool imputes = false;
  uint8_t done = 0;  // how far the chain has come: 1 impute, 2 low, 3 high, 4 offset, 5 scale
};

using Values = std::variant<std::vector<double>, std::vector<float>, std::vector<int64_t>,
                            std::vector<std::string>>;

/// A finite map between constants, and what every other key becomes. Keys are unique.
struct LookupTable {
  Values keys;  // doubles never: NaN is a key only among floats
  Values values;
  Values fallback;  // one value
};

/// Work on many terms at once.
struct Kernel;  // kernels.h

/// All terms of one graph. Not thread-safe.
class Terms {
 public:
  Terms();
  ~Terms();

  TermId Input(int32_t tensor, int32_t column, Bank bank);
  TermId Double(double value);
  TermId Float(float value);
  TermId Integer(int64_t value);
  TermId Text(const std::string& value);
  /// A number in the bank given, converted.
  TermId Number(Bank bank, double value);
  TermId Rows();

  /// Equal terms are one; operands that are all constants are computed at once; chains of imputing,
  /// clipping and scaling become one kNumeric.
  TermId Make(Op op, Bank bank, TermId a, TermId b = kNoTerm, TermId c = kNoTerm);
  TermId Where(TermId condition, TermId yes, TermId no);
  TermId Cast(TermId a, Bank bank);
  TermId Lookup(TermId a, int32_t table, Bank bank);
  TermId Take(TermId index, int32_t list, Bank bank);

  int32_t AddTable(LookupTable table);
  int32_t AddList(Values list);
  /// Outputs of the kernel, in order.
  std::vector<TermId> AddKernel(std::unique_ptr<Kernel> kernel);

  const Term& at(TermId id) const { return terms_[static_cast<size_t>(id)]; }
  size_t size() const { return terms_.size(); }
  bool IsConstant(TermId id) const { return at(id).op == Op::kConstant; }
  /// What the term is always below, if it is always a whole number of at least 0 and that can be
  /// seen from how it is made; else -1.
  int64_t Below(TermId id) const;
  /// The values of constants of numeric banks.
  double NumberOf(TermId id) const;
  int64_t IntegerOf(TermId id) const { return integers_[Index(id)]; }
  float FloatOf(TermId id) const { return floats_[Index(id)]; }
  double DoubleOf(TermId id) const { return doubles_[Index(id)]; }
  const std::string& TextOf(TermId id) const { return texts_[Index(id)]; }

  const std::vector<NumericStep>& numeric() const { return numeric_; }
  const std::vector<LookupTable>& tables() const { return tables_; }
  const std::vector<Values>& lists() const { return lists_; }
  const std::vector<std::unique_ptr<Kernel>>& kernels() const { return kernels_; }
  std::vector<std::unique_ptr<Kernel>> TakeKernels();

 private:
  size_t Index(TermId id) const { return static_cast<size_t>(at(id).extra); }
  TermId Intern(const Term& term);
  TermId Fold(const Term& term);
  TermId FuseWhere(TermId condition, TermId yes, TermId no);
  TermId FuseArithmetic(Op op, TermId a, TermId b);
  TermId ExtendNumeric(TermId a, uint8_t stage, double value, bool multiplies = false);
  int64_t BelowOf(const Term& term, TermId id) const;

  std::vector<Term> terms_;
  std::map<Term, TermId> known_;
  std::vector<double> doubles_;
  std::vector<float> floats_;
  std::vector<int64_t> integers_;
  std::vector<std::string> texts_;
  std::map<uint64_t, TermId> known_doubles_;  // by bits
  std::map<uint32_t, TermId> known_floats_;
  std::map<int64_t, TermId> known_integers_;
  std::map<std::string, TermId> known_texts_;
  std::vector<NumericStep> numeric_;
  std::vector<LookupTable> tables_;
  std::vector<Values> lists_;
  std::vector<std::unique_ptr<Kernel>> kernels_;
  mutable std::vector<int64_t> below_;  // of the first so many terms
};

}  // namespace quern::model
