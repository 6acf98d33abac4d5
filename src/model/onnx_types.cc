#include "model/onnx_types.h"

#include <array>
#include <cstddef>

namespace quern::model {
namespace {

/// In the order of DataType.
constexpr std::array<int32_t, 14> kCodes{9, 2, 4, 12, 13, 3, 5, 6, 7, 10, 16, 1, 11, 8};

}  // namespace

int32_t OnnxType(DataType type) { return kCodes[static_cast<size_t>(type)]; }

std::optional<DataType> FromOnnxType(int32_t code) {
  for (size_t i = 0; i < kCodes.size(); ++i) {
    if (kCodes[i] == code) return static_cast<DataType>(i);
  }
  return std::nullopt;
}

}  // namespace quern::model
