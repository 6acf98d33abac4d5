// From terms to steps: what no output needs is dropped, every value gets a slot, and equal
// operations that do not depend on each other become one step.
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <tuple>

#include "model/program.h"

namespace quern::model {
namespace {

constexpr uint32_t kNoSlot = 0xFFFFFFFF;

size_t Index(Bank bank) { return static_cast<size_t>(bank); }

/// A value that a kernel wants beside its other inputs, and that lies elsewhere.
struct Copy {
  TermId from = kNoTerm;
  uint32_t slot = 0;
  uint32_t level = 0;
  Bank bank = Bank::kDouble;
};

}  // namespace

class ProgramBuilder {
 public:
  explicit ProgramBuilder(Compiler& compiler)
      : compiler_(compiler), terms_(compiler.terms()), count_(terms_.size()) {}

  Result<Program> Build() {
    QUERN_TRY(FindOutputs());
    QUERN_TRY(MarkLive());
    AssignSlots();
    AddSteps();
    AddLoads();
    for (size_t o = 0; o < outputs_.size(); ++o) {
      OutputColumns columns{outputs_[o].type, outputs_[o].dims, {}};
      for (TermId item : outputs_[o].items) columns.slots.push_back(Slot(item));
      program_.outputs_.push_back(std::move(columns));
      std::vector<int64_t> shape = outputs_[o].dims;
      shape.insert(shape.begin(), -1);
      program_.output_specs_.push_back(
          {compiler_.graph().outputs[o], outputs_[o].type, std::move(shape)});
    }
    program_.kernels_ = terms_.TakeKernels();
    return std::move(program_);
  }

 private:
  uint32_t& Slot(TermId id) { return slot_[static_cast<size_t>(id)]; }
  uint32_t NewSlot(Bank bank) { return static_cast<uint32_t>(program_.slots_[Index(bank)]++); }
  const Kernel& KernelOf(const Term& term) const {
    return *terms_.kernels()[static_cast<size_t>(term.a)];
  }

  Status FindOutputs() {
    for (const std::string& name : compiler_.graph().outputs) {
      QUERN_ASSIGN(SymTensor tensor, compiler_.Find(name));
      if (!tensor.rows || tensor.distances || tensor.turned) {
        return Fail(Code::kUnimplemented,
                    fmt::format("output '{}' is not one value or list per row", name));
      }
      outputs_.push_back(std::move(tensor));
    }
    if (outputs_.empty()) return Fail(Code::kInvalidArgument, "the graph has no outputs");
    return {};
  }

  Status MarkLive() {
    live_.assign(count_, false);
    kernel_live_.assign(terms_.kernels().size(), false);
    std::vector<TermId> open;
    for (const SymTensor& output : outputs_) {
      open.insert(open.end(), output.items.begin(), output.items.end());
    }
    while (!open.empty()) {
      const TermId id = open.back();
      open.pop_back();
      if (live_[static_cast<size_t>(id)]) continue;
      live_[static_cast<size_t>(id)] = true;
      const Term& term = terms_.at(id);
      if (term.op == Op::kRows) {
        return Fail(Code::kUnimplemented, "arithmetic with the number of rows is not covered");
      }
      if (term.op == Op::kInput) continue;
      if (term.op != Op::kKernel) {
        for (TermId operand : {term.a, term.b, term.c}) {
          if (operand != kNoTerm) open.push_back(operand);
        }
      } else if (!kernel_live_[static_cast<size_t>(term.a)]) {
        kernel_live_[static_cast<size_t>(term.a)] = true;
        const Kernel& kernel = KernelOf(term);
        open.insert(open.end(), kernel.inputs.begin(), kernel.inputs.end());
      }
    }
    FindLevels();
    return {};
  }

  /// Terms come after their operands, so one pass is enough.
  void FindLevels() {
    level_.assign(count_, 0);
    kernel_level_.assign(terms_.kernels().size(), 0);
    for (size_t i = 0; i < count_; ++i) {
      const Term& term = terms_.at(static_cast<TermId>(i));
      if (!live_[i] || term.op == Op::kInput || term.op == Op::kConstant) continue;
      uint32_t most = 0;
      const auto after = [&](TermId id) {
        if (id != kNoTerm) most = std::max(most, level_[static_cast<size_t>(id)]);
      };
      if (term.op == Op::kKernel) {
        for (TermId input : KernelOf(term).inputs) after(input);
        kernel_level_[static_cast<size_t>(term.a)] = most + 1;
      } else {
        for (TermId operand : {term.a, term.b, term.c}) after(operand);
      }
      level_[i] = most + 1;
    }
  }

  void AssignSlots() {
    slot_.assign(count_, kNoSlot);
    for (size_t i = 0; i < count_; ++i) {
      const auto id = static_cast<TermId>(i);
      if (live_[i] && terms_.IsConstant(id)) AddConstant(id);
    }
    first_input_.assign(kernel_live_.size(), 0);
    first_output_.assign(kernel_live_.size(), 0);
    for (size_t k = 0; k < kernel_live_.size(); ++k) {
      if (!kernel_live_[k]) continue;
      const Kernel& kernel = *terms_.kernels()[k];
      const Bank bank = kernel.input_bank;
      first_input_[k] = static_cast<uint32_t>(program_.slots_[Index(bank)]);
      for (TermId input : kernel.inputs) {
        const uint32_t slot = NewSlot(bank);
        if (Slot(input) == kNoSlot && terms_.at(input).op != Op::kKernel) {
          Slot(input) = slot;
        } else {
          copies_.push_back({input, slot, kernel_level_[k], bank});
        }
      }
      first_output_[k] = static_cast<uint32_t>(program_.slots_[Index(kernel.output_bank)]);
      program_.slots_[Index(kernel.output_bank)] += kernel.outputs;
      program_.scratch_one_ = std::max(program_.scratch_one_, kernel.Scratch(1));
      program_.scratch_many_ = std::max(program_.scratch_many_, kernel.Scratch(kMostRows));
    }
    for (size_t i = 0; i < count_; ++i) {
      const Term& term = terms_.at(static_cast<TermId>(i));
      if (!live_[i] || slot_[i] != kNoSlot) continue;
      slot_[i] = term.op == Op::kKernel
                     ? first_output_[static_cast<size_t>(term.a)] + static_cast<uint32_t>(term.b)
                     : NewSlot(term.bank);
    }
  }

  void AddConstant(TermId id) {
    Slot(id) = NewSlot(terms_.at(id).bank);
    switch (terms_.at(id).bank) {
      case Bank::kDouble:
        program_.doubles_.push_back(terms_.DoubleOf(id));
        break;
      case Bank::kFloat:
        program_.floats_.push_back(terms_.FloatOf(id));
        break;
      case Bank::kInteger:
        program_.integers_.push_back(terms_.IntegerOf(id));
        break;
      case Bank::kText:
        program_.texts_.push_back(terms_.TextOf(id));
        break;
    }
  }

  /// Steps in the order of (level, copies before elements before kernels).
  using StepKey = std::tuple<uint32_t, int, Op, Bank, Bank, int32_t>;

  Item ItemOf(TermId id) {
    const Term& term = terms_.at(id);
    const auto slot = [&](TermId operand) { return operand == kNoTerm ? 0 : Slot(operand); };
    return {Slot(id), slot(term.a), slot(term.b), slot(term.c)};
  }

  void AddSteps() {
    std::map<StepKey, Step> steps;
    const auto elements = [&](const StepKey& key) -> ElementStep& {
      const auto at = steps.try_emplace(
          key, ElementStep{std::get<2>(key), std::get<3>(key), std::get<4>(key), {}, {}});
      return std::get<ElementStep>(at.first->second);
    };
    for (const Copy& copy : copies_) {
      elements({copy.level, 0, Op::kCopy, copy.bank, copy.bank, -1})
          .items.push_back({copy.slot, Slot(copy.from), 0, 0});
    }
    for (size_t i = 0; i < count_; ++i) {
      const auto id = static_cast<TermId>(i);
      const Term& term = terms_.at(id);
      if (!live_[i] || level_[i] == 0 || term.op == Op::kKernel) continue;
      const Bank from = term.op == Op::kWhere ? term.bank : terms_.at(term.a).bank;
      const bool shared = term.op == Op::kLookup || term.op == Op::kTake;
      const StepKey key{level_[i], 1, term.op, from, term.bank, shared ? term.extra : -1};
      const auto extra = static_cast<size_t>(term.extra);
      if (term.op == Op::kLookup) {
        // Made once for all items that share it: a table may be large.
        auto at = steps.find(key);
        if (at == steps.end()) {
          at = steps.emplace(key, LookupStep(terms_.tables()[extra], from)).first;
        }
        std::get<LookupStep>(at->second).items.push_back(ItemOf(id));
      } else if (term.op == Op::kTake) {
        auto at = steps.find(key);
        if (at == steps.end()) {
          at = steps.emplace(key, TakeStep{terms_.lists()[extra], term.bank, {}}).first;
        }
        std::get<TakeStep>(at->second).items.push_back(ItemOf(id));
      } else {
        ElementStep& step = elements(key);
        step.items.push_back(ItemOf(id));
        if (term.op == Op::kNumeric) step.numeric.push_back(terms_.numeric()[extra]);
      }
    }
    for (size_t k = 0; k < kernel_live_.size(); ++k) {
      if (!kernel_live_[k]) continue;
      steps.try_emplace(
          {kernel_level_[k], 2, Op::kKernel, Bank::kDouble, Bank::kDouble, static_cast<int32_t>(k)},
          KernelStep{terms_.kernels()[k].get(), first_input_[k], first_output_[k]});
    }
    for (auto& [key, step] : steps) program_.steps_.push_back(std::move(step));
  }

  void AddLoads() {
    const std::vector<TensorSpec>& inputs = compiler_.graph().inputs;
    for (size_t i = 0; i < count_; ++i) {
      const Term& term = terms_.at(static_cast<TermId>(i));
      if (!live_[i] || term.op != Op::kInput) continue;
      const TensorSpec& spec = inputs[static_cast<size_t>(term.a)];
      const size_t width = CountItems(std::span(spec.shape).subspan(1));
      program_.loads_.push_back({spec.type, static_cast<uint32_t>(term.a),
                                 static_cast<uint32_t>(term.b), static_cast<uint32_t>(width),
                                 slot_[i]});
    }
    std::sort(program_.loads_.begin(), program_.loads_.end(),
              [](const LoadItem& a, const LoadItem& b) {
                return std::tie(a.tensor, a.column) < std::tie(b.tensor, b.column);
              });
  }

  Compiler& compiler_;
  Terms& terms_;
  size_t count_;
  Program program_;
  std::vector<SymTensor> outputs_;
  std::vector<bool> live_;
  std::vector<bool> kernel_live_;
  std::vector<uint32_t> level_;  // 0: inputs and constants
  std::vector<uint32_t> kernel_level_;
  std::vector<uint32_t> slot_;
  std::vector<uint32_t> first_input_;
  std::vector<uint32_t> first_output_;
  std::vector<Copy> copies_;
};

Result<Program> Program::Build(Compiler& compiler) { return ProgramBuilder(compiler).Build(); }

}  // namespace quern::model
