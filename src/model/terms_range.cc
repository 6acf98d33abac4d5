// Which terms are surely positions in a list.
#include <algorithm>

#include "model/kernels.h"
#include "model/terms.h"

namespace quern::model {
namespace {

/// -1 if one of them is negative.
int64_t BelowAll(const Values& values) {
  const auto* integers = std::get_if<std::vector<int64_t>>(&values);
  if (integers == nullptr || integers->empty()) return -1;
  const auto [least, most] = std::minmax_element(integers->begin(), integers->end());
  return *least < 0 || *most > (int64_t{1} << 40) ? -1 : *most + 1;
}

int64_t Greater(int64_t a, int64_t b) { return a < 0 || b < 0 ? -1 : std::max(a, b); }

}  // namespace

int64_t Terms::BelowOf(const Term& term, TermId id) const {
  const auto known = [&](TermId operand) { return below_[static_cast<size_t>(operand)]; };
  switch (term.op) {
    case Op::kConstant:
      return term.bank == Bank::kInteger ? BelowAll(std::vector{IntegerOf(id)}) : -1;
    case Op::kKernel:
      return kernels_[static_cast<size_t>(term.a)]->Below(static_cast<size_t>(term.b));
    case Op::kCopy:
    case Op::kCast:
      return known(term.a);
    case Op::kWhere:
      return Greater(known(term.b), known(term.c));
    case Op::kTake:
      return BelowAll(lists_[static_cast<size_t>(term.extra)]);
    case Op::kLookup: {
      const LookupTable& table = tables_[static_cast<size_t>(term.extra)];
      return Greater(BelowAll(table.values), BelowAll(table.fallback));
    }
    default:
      return (term.op >= Op::kLess && term.op <= Op::kNot) || term.op == Op::kTruth ? 2 : -1;
  }
}

/// Operands have lower ids than their term, so that all is found in one walk, whatever a file makes
/// of it.
int64_t Terms::Below(TermId id) const {
  while (below_.size() <= static_cast<size_t>(id)) {
    const auto next = static_cast<TermId>(below_.size());
    below_.push_back(BelowOf(at(next), next));
  }
  return below_[static_cast<size_t>(id)];
}

}  // namespace quern::model
