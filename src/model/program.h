#pragma once
// The program that a graph is compiled to: steps over blocks of rows. Immutable and thread-safe.
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/arena.h"
#include "base/result.h"
#include "model/compile.h"
#include "model/engine_choice.h"
#include "model/kernels.h"
#include "model/tensor.h"

namespace quern::model {

/// out = op(a, b, c), all of them slots.
struct Item {
  uint32_t out = 0;
  uint32_t a = 0;
  uint32_t b = 0;
  uint32_t c = 0;
};

/// The same operation on many items, none of which reads another's result.
struct ElementStep {
  Op op = Op::kCopy;
  Bank from = Bank::kDouble;  // of operands
  Bank to = Bank::kDouble;
  std::vector<Item> items;
  std::vector<NumericStep> numeric;  // of kNumeric, per item
};

/// A finite map, ready to be asked.
class LookupStep {
 public:
  LookupStep(const LookupTable& table, Bank from);
  void Run(const Registers& registers) const;
  std::vector<Item> items;
  const Values& values() const { return values_; }
  Bank from() const { return from_; }

 private:
  size_t Find(std::string_view key) const;
  size_t Find(int64_t key) const;
  size_t Find(float key) const;

  Bank from_;
  Values values_;  // the last one is for all other keys
  std::vector<std::string> texts_;
  std::vector<uint32_t> slots_;  // open addressing, 0 is free, else position + 1
  std::vector<std::pair<int64_t, uint32_t>> integers_;  // sorted; floats by their bits
  int64_t dense_from_ = 0;                              // integers_ are consecutive from here
  bool dense_ = false;
  uint32_t none_ = 0;  // position of the fallback
  uint32_t nan_ = 0;   // of the key NaN, or of the fallback
};

/// A list at an index; an index outside of it, which no sound model computes, takes the first one.
struct TakeStep {
  Values list;
  Bank to = Bank::kDouble;
  std::vector<Item> items;
};

struct KernelStep {
  const Kernel* kernel = nullptr;
  uint32_t first_input = 0;
  uint32_t first_output = 0;
};

using Step = std::variant<ElementStep, LookupStep, TakeStep, KernelStep>;

/// A column of an input tensor that is read into a slot.
struct LoadItem {
  DataType type = DataType::kFp64;
  uint32_t tensor = 0;
  uint32_t column = 0;
  uint32_t width = 1;  // of the tensor's rows
  uint32_t slot = 0;
};

struct OutputColumns {
  DataType type = DataType::kFp64;
  std::vector<int64_t> dims;
  std::vector<uint32_t> slots;
};

class Program {
 public:
  /// kUnimplemented: an output that does not depend on the rows.
  static Result<Program> Build(Compiler& compiler);

  const std::vector<TensorSpec>& outputs() const { return output_specs_; }
  std::vector<PlanStage> Stages() const;
  /// The inputs have passed CheckInputs.
  void Run(std::span<const TensorView> inputs, size_t rows, Arena& arena,
           std::span<TensorView> outputs) const;

 private:
  friend class ProgramBuilder;
  Registers MakeRegisters(size_t stride, Arena& arena) const;
  void Load(std::span<const TensorView> inputs, size_t first, const Registers& registers) const;
  void RunSteps(const Registers& registers, std::byte* scratch) const;
  void Store(size_t first, const Registers& registers, Arena& arena,
             std::span<TensorView> outputs) const;

  std::vector<TensorSpec> output_specs_;
  std::vector<std::unique_ptr<Kernel>> kernels_;
  size_t scratch_one_ = 0;   // bytes that kernels need for one row
  size_t scratch_many_ = 0;  // for kMostRows
  std::vector<Step> steps_;
  std::vector<LoadItem> loads_;  // by tensor, then by column
  std::vector<OutputColumns> outputs_;
  // Constants fill the first slots of their bank.
  std::vector<double> doubles_;
  std::vector<float> floats_;
  std::vector<int64_t> integers_;
  std::vector<std::string> texts_;
  size_t slots_[kBanks] = {0, 0, 0, 0};
};

/// element_steps.cc
void RunElements(const ElementStep& step, const Registers& registers);
void RunTake(const TakeStep& step, const Registers& registers);

}  // namespace quern::model
