#pragma once
// Element types by their codes in ONNX files, which ONNX Runtime's C API uses as well.
#include <cstdint>
#include <optional>

#include "model/tensor.h"

namespace quern::model {

/// TensorProto.DataType of a type.
int32_t OnnxType(DataType type);
/// Nothing for complex numbers, 8-bit floats and what else has no counterpart.
std::optional<DataType> FromOnnxType(int32_t code);

}  // namespace quern::model
