#pragma once
// Numbers of one type as numbers of another. One rule for every front and every pair of types: a
// number is taken if the model's type can hold it. Floating point rounds to the nearest value, but
// does not overflow; integers and booleans are exact; a missing value (NaN) fits floating point
// alone.
#include <cstddef>
#include <cstdint>
#include <string>

#include "base/arena.h"
#include "model/tensor.h"

namespace quern::serving {

/// Elements that lie `stride` elements apart.
struct Elements {
  model::DataType type = model::DataType::kFp64;
  const void* first = nullptr;
  size_t stride = 1;
  size_t count = 0;
};

/// Writes them as `to`, `out_stride` elements apart. Neither type is kBytes. Returns how many were
/// written: less than all means that the next one does not fit.
size_t ConvertNumbers(const Elements& from, model::DataType to, void* out, size_t out_stride);

/// An element as a double, for messages and logs; of integers beyond 2^53 the nearest one. Not of
/// kBytes.
double NumberAt(model::DataType type, const void* data, size_t index);
/// The same as text: "-3", "0.1", "nan".
std::string NumberText(model::DataType type, const void* data, size_t index);

/// The tensor with all that it points to, texts too, in `arena`.
model::TensorView CopyTensor(const model::TensorView& tensor, Arena& arena);

/// IEEE 754 binary16 and bfloat16 from and to their bits; to the nearest value, ties to even.
float HalfToFloat(uint16_t bits);
uint16_t FloatToHalf(float value);
float BrainToFloat(uint16_t bits);
uint16_t FloatToBrain(float value);

}  // namespace quern::serving
