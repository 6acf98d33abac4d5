#pragma once
// What the compiled engine runs on whole groups of values: the memory of a block of rows, and the
// interface of kernels.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "model/engine_choice.h"
#include "model/terms.h"

namespace quern::model {

/// Rows of a block at most; the stride between slots is a multiple of 16, or 1 for a single row.
inline constexpr size_t kMostRows = 128;

/// The values of one block of rows: slot s of a bank lies at [s * stride, s * stride + rows). Up to
/// the stride more may be computed, and is never read.
struct Registers {
  double* doubles = nullptr;
  float* floats = nullptr;
  int64_t* integers = nullptr;
  std::string_view* texts = nullptr;
  size_t stride = 1;
  size_t rows = 1;

  template <class T>
  T* Bank() const {
    if constexpr (std::is_same_v<T, double>) return doubles;
    if constexpr (std::is_same_v<T, float>) return floats;
    if constexpr (std::is_same_v<T, int64_t>) return integers;
    if constexpr (std::is_same_v<T, std::string_view>) return texts;
  }
};

/// Immutable. Inputs and outputs are consecutive slots.
struct Kernel {
  virtual ~Kernel() = default;
  std::vector<TermId> inputs;
  size_t outputs = 1;
  Bank input_bank = Bank::kDouble;
  Bank output_bank = Bank::kDouble;

  virtual std::string Name() const = 0;
  virtual std::string Details() const = 0;
  /// What this output is always below, if it is always a whole number of at least 0; else -1.
  virtual int64_t Below(size_t /*output*/) const { return -1; }
  /// Bytes that Run needs for a block of `rows`.
  virtual size_t Scratch(size_t rows) const = 0;
  /// `scratch` is aligned for any type.
  virtual void Run(const Registers& registers, size_t first_input, size_t first_output,
                   std::byte* scratch) const = 0;
};

}  // namespace quern::model
