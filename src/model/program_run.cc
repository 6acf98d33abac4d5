// Running a program: blocks of rows are loaded into slots, stepped through, and stored.
#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cstring>

#include "model/program.h"

namespace quern::model {
namespace {

size_t StrideOf(size_t rows) {
  if (rows <= 1) return 1;
  return std::clamp<size_t>(std::bit_ceil(rows), 16, kMostRows);
}

template <class To, class From>
void Gather(const LoadItem& item, const void* data, size_t first, const Registers& registers) {
  const From* from = static_cast<const From*>(data) + first * item.width + item.column;
  To* to = registers.Bank<To>() + item.slot * registers.stride;
  if (registers.stride == 1) {
    *to = static_cast<To>(*from);
    return;
  }
  if constexpr (std::is_same_v<To, From>) {
    if (item.width == 1) {
      std::copy_n(from, registers.rows, to);
      return;
    }
  }
  for (size_t r = 0; r < registers.rows; ++r) to[r] = static_cast<To>(from[r * item.width]);
}

template <class To, class From>
void Scatter(const OutputColumns& columns, size_t first, const Registers& registers, void* data) {
  const size_t width = columns.slots.size();
  To* to = static_cast<To*>(data) + first * width;
  for (size_t c = 0; c < width; ++c) {
    const From* from = registers.Bank<From>() + columns.slots[c] * registers.stride;
    for (size_t r = 0; r < registers.rows; ++r) to[r * width + c] = static_cast<To>(from[r]);
  }
}

/// Texts lie in the arena, so that they outlive the engine and the request's own memory.
void ScatterTexts(const OutputColumns& columns, size_t first, const Registers& registers,
                  Arena& arena, void* data) {
  const size_t width = columns.slots.size();
  auto* to = static_cast<std::string_view*>(data) + first * width;
  for (size_t c = 0; c < width; ++c) {
    const std::string_view* from = registers.texts + columns.slots[c] * registers.stride;
    for (size_t r = 0; r < registers.rows; ++r) to[r * width + c] = arena.Copy(from[r]);
  }
}

template <class T, class Constants>
T* MakeBank(size_t slots, size_t stride, const Constants& constants, Arena& arena) {
  T* bank = arena.Make<T>(slots * stride).data();
  if (stride == 1) {
    std::copy(constants.begin(), constants.end(), bank);
    return bank;
  }
  for (size_t i = 0; i < constants.size(); ++i) {
    std::fill_n(bank + i * stride, stride, static_cast<T>(constants[i]));
  }
  return bank;
}

}  // namespace

Registers Program::MakeRegisters(size_t stride, Arena& arena) const {
  Registers registers;
  registers.stride = stride;
  registers.doubles = MakeBank<double>(slots_[0], stride, doubles_, arena);
  registers.floats = MakeBank<float>(slots_[1], stride, floats_, arena);
  registers.integers = MakeBank<int64_t>(slots_[2], stride, integers_, arena);
  registers.texts = MakeBank<std::string_view>(slots_[3], stride, texts_, arena);
  return registers;
}

void Program::Load(std::span<const TensorView> inputs, size_t first,
                   const Registers& registers) const {
  for (const LoadItem& item : loads_) {
    const void* data = inputs[item.tensor].data;
    switch (item.type) {
      case DataType::kFp64:
        Gather<double, double>(item, data, first, registers);
        break;
      case DataType::kFp32:
        Gather<float, float>(item, data, first, registers);
        break;
      case DataType::kBytes:
        Gather<std::string_view, std::string_view>(item, data, first, registers);
        break;
      case DataType::kInt64:
        Gather<int64_t, int64_t>(item, data, first, registers);
        break;
      case DataType::kInt32:
        Gather<int64_t, int32_t>(item, data, first, registers);
        break;
      default:
        Gather<int64_t, uint8_t>(item, data, first, registers);
        break;
    }
  }
}

void Program::RunSteps(const Registers& registers, std::byte* scratch) const {
  for (const Step& step : steps_) {
    if (const auto* elements = std::get_if<ElementStep>(&step)) {
      RunElements(*elements, registers);
    } else if (const auto* kernel = std::get_if<KernelStep>(&step)) {
      kernel->kernel->Run(registers, kernel->first_input, kernel->first_output, scratch);
    } else if (const auto* lookup = std::get_if<LookupStep>(&step)) {
      lookup->Run(registers);
    } else {
      RunTake(std::get<TakeStep>(step), registers);
    }
  }
}

void Program::Store(size_t first, const Registers& registers, Arena& arena,
                    std::span<TensorView> outputs) const {
  for (size_t o = 0; o < outputs_.size(); ++o) {
    const OutputColumns& columns = outputs_[o];
    // It was allocated by Run, which owns it.
    void* data = const_cast<void*>(outputs[o].data);
    switch (columns.type) {
      case DataType::kFp64:
        Scatter<double, double>(columns, first, registers, data);
        break;
      case DataType::kFp32:
        Scatter<float, float>(columns, first, registers, data);
        break;
      case DataType::kBytes:
        ScatterTexts(columns, first, registers, arena, data);
        break;
      case DataType::kInt64:
        Scatter<int64_t, int64_t>(columns, first, registers, data);
        break;
      case DataType::kInt32:
        Scatter<int32_t, int64_t>(columns, first, registers, data);
        break;
      default:
        Scatter<uint8_t, int64_t>(columns, first, registers, data);
        break;
    }
  }
}

void Program::Run(std::span<const TensorView> inputs, size_t rows, Arena& arena,
                  std::span<TensorView> outputs) const {
  for (size_t o = 0; o < outputs_.size(); ++o) {
    const OutputColumns& columns = outputs_[o];
    const std::span<int64_t> shape = arena.Make<int64_t>(columns.dims.size() + 1);
    shape[0] = static_cast<int64_t>(rows);
    std::copy(columns.dims.begin(), columns.dims.end(), shape.begin() + 1);
    const size_t bytes = rows * columns.slots.size() * ElementSize(columns.type);
    outputs[o] = {columns.type, shape, arena.Make<uint64_t>((bytes + 7) / 8).data()};
  }
  if (rows == 0) return;
  Registers registers = MakeRegisters(StrideOf(rows), arena);
  const size_t scratch_bytes = registers.stride == 1 ? scratch_one_ : scratch_many_;
  auto* scratch = reinterpret_cast<std::byte*>(
      arena.Make<std::max_align_t>(scratch_bytes / sizeof(std::max_align_t) + 1).data());
  for (size_t first = 0; first < rows; first += registers.stride) {
    registers.rows = std::min(registers.stride, rows - first);
    Load(inputs, first, registers);
    RunSteps(registers, scratch);
    Store(first, registers, arena, outputs);
  }
}

namespace {

std::string_view OpName(Op op) {
  switch (op) {
    case Op::kCopy:
      return "copy";
    case Op::kNumeric:
      return "prepare";
    case Op::kWhere:
      return "where";
    case Op::kCast:
      return "cast";
    case Op::kRoundUp:
      return "cast";
    case Op::kTruth:
      return "cast";
    case Op::kLess:
    case Op::kLessEqual:
    case Op::kEqual:
      return "compare";
    case Op::kIsNaN:
      return "missing";
    case Op::kIsPositiveInf:
    case Op::kIsNegativeInf:
      return "infinite";
    case Op::kAnd:
    case Op::kOr:
    case Op::kXor:
    case Op::kNot:
      return "logic";
    case Op::kLogistic:
      return "logistic";
    default:
      return "arithmetic";
  }
}

std::string_view BankName(Bank bank) {
  constexpr std::string_view kNames[] = {"doubles", "floats", "integers", "texts"};
  return kNames[static_cast<size_t>(bank)];
}

struct Describe {
  PlanStage operator()(const ElementStep& step) const {
    return {std::string(OpName(step.op)),
            fmt::format("{} to {}", BankName(step.from), BankName(step.to)), step.items.size(),
            step.items.size()};
  }
  PlanStage operator()(const LookupStep& step) const {
    const size_t keys = std::visit([](const auto& all) { return all.size() - 1; }, step.values());
    return {"look up", fmt::format("{} {}", keys, BankName(step.from())), step.items.size(),
            step.items.size()};
  }
  PlanStage operator()(const TakeStep& step) const {
    const size_t size = std::visit([](const auto& all) { return all.size(); }, step.list);
    return {"take", fmt::format("of {} {}", size, BankName(step.to)), step.items.size(),
            step.items.size()};
  }
  PlanStage operator()(const KernelStep& step) const {
    return {step.kernel->Name(), step.kernel->Details(), step.kernel->inputs.size(),
            step.kernel->outputs};
  }
};

}  // namespace

std::vector<PlanStage> Program::Stages() const {
  std::vector<PlanStage> stages;
  size_t columns = 0;
  for (const OutputColumns& output : outputs_) columns += output.slots.size();
  stages.push_back({"load", "columns into slots", loads_.size(), loads_.size()});
  for (const Step& step : steps_) stages.push_back(std::visit(Describe{}, step));
  stages.push_back({"store", "outputs", columns, columns});
  return stages;
}

}  // namespace quern::model
