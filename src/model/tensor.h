#pragma once
// Tensors as models take and answer them, wherever they came from: types, names, and views.
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace quern::model {

/// Element types, in the order and with the names of the Open Inference Protocol.
enum class DataType : uint8_t {
  kBool,
  kUint8,
  kUint16,
  kUint32,
  kUint64,
  kInt8,
  kInt16,
  kInt32,
  kInt64,
  kFp16,
  kBf16,
  kFp32,
  kFp64,
  kBytes,
};

/// "FP64", "BYTES", …
std::string_view DataTypeName(DataType type);
/// Nothing for another word.
std::optional<DataType> ParseDataType(std::string_view name);
/// Bytes of one element; of a std::string_view for kBytes.
size_t ElementSize(DataType type);

/// What a model takes or answers under a name; an open dimension is -1. No shape: a scalar, or a
/// shape that the model does not tell.
struct TensorSpec {
  std::string name;
  DataType type = DataType::kFp64;
  std::vector<int64_t> shape;
};

/// A dense row-major tensor that lies elsewhere. kBool holds bytes of 0 or 1, kFp16 and kBf16 their
/// bits as uint16_t, kBytes an array of std::string_view (a missing text is empty).
struct TensorView {
  DataType type = DataType::kFp64;
  std::span<const int64_t> shape;
  const void* data = nullptr;

  /// Product of the dimensions; 1 for a scalar.
  size_t elements() const {
    size_t count = 1;
    for (int64_t d : shape) count *= static_cast<size_t>(d);
    return count;
  }
  /// T must be the type's own.
  template <typename T>
  std::span<const T> values() const {
    return {static_cast<const T*>(data), elements()};
  }
};

}  // namespace quern::model
