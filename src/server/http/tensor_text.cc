#include "server/http/tensor_text.h"

#include <charconv>
#include <cmath>
#include <string_view>

#include "base/text.h"
#include "serving/convert.h"
#include "serving/json_text.h"

namespace quern::server {
namespace {

using model::DataType;
using model::TensorView;

template <typename T>
void AppendNumber(std::string* out, T value) {
  if constexpr (std::is_floating_point_v<T>) {
    if (!std::isfinite(value)) {
      out->append("null");
      return;
    }
  }
  char text[32];
  const auto end = std::to_chars(text, text + sizeof text, value).ptr;
  out->append(text, static_cast<size_t>(end - text));
}

template <typename T, typename Append>
void AppendList(std::string* out, const TensorView& tensor, size_t first, size_t count,
                Append append) {
  const T* values = static_cast<const T*>(tensor.data) + first;
  for (size_t i = 0; i < count; ++i) {
    if (i > 0) out->push_back(',');
    append(values[i]);
  }
}

template <typename T>
void AppendNumbers(std::string* out, const TensorView& tensor, size_t first, size_t count) {
  AppendList<T>(out, tensor, first, count, [out](T value) { AppendNumber(out, value); });
}

void AppendTextOrNull(std::string* out, std::string_view text) {
  if (FindInvalidUtf8(text)) {
    out->append("null");
  } else {
    serving::AppendJsonText(out, text);
  }
}

/// Without the brackets.
void AppendBare(std::string* out, const TensorView& tensor, size_t first, size_t count) {
  switch (tensor.type) {
    case DataType::kBool:
      return AppendList<uint8_t>(out, tensor, first, count, [out](uint8_t value) {
        out->append(value != 0 ? "true" : "false");
      });
    case DataType::kUint8:
      return AppendNumbers<uint8_t>(out, tensor, first, count);
    case DataType::kUint16:
      return AppendNumbers<uint16_t>(out, tensor, first, count);
    case DataType::kUint32:
      return AppendNumbers<uint32_t>(out, tensor, first, count);
    case DataType::kUint64:
      return AppendNumbers<uint64_t>(out, tensor, first, count);
    case DataType::kInt8:
      return AppendNumbers<int8_t>(out, tensor, first, count);
    case DataType::kInt16:
      return AppendNumbers<int16_t>(out, tensor, first, count);
    case DataType::kInt32:
      return AppendNumbers<int32_t>(out, tensor, first, count);
    case DataType::kInt64:
      return AppendNumbers<int64_t>(out, tensor, first, count);
    case DataType::kFp16:
      return AppendList<uint16_t>(out, tensor, first, count, [out](uint16_t bits) {
        AppendNumber(out, serving::HalfToFloat(bits));
      });
    case DataType::kBf16:
      return AppendList<uint16_t>(out, tensor, first, count, [out](uint16_t bits) {
        AppendNumber(out, serving::BrainToFloat(bits));
      });
    case DataType::kFp32:
      return AppendNumbers<float>(out, tensor, first, count);
    case DataType::kFp64:
      return AppendNumbers<double>(out, tensor, first, count);
    case DataType::kBytes:
      return AppendList<std::string_view>(
          out, tensor, first, count, [out](std::string_view text) { AppendTextOrNull(out, text); });
  }
}

void AppendLevel(std::string* out, const TensorView& tensor, size_t depth, size_t first,
                 size_t count) {
  if (depth == tensor.shape.size()) return AppendBare(out, tensor, first, count);
  const auto items = static_cast<size_t>(tensor.shape[depth]);
  out->push_back('[');
  if (depth + 1 == tensor.shape.size()) {
    AppendBare(out, tensor, first, count);
  } else {
    for (size_t i = 0; i < items; ++i) {
      if (i > 0) out->push_back(',');
      AppendLevel(out, tensor, depth + 1, first + i * (count / items), count / items);
    }
  }
  out->push_back(']');
}

}  // namespace

void AppendElement(std::string* out, const TensorView& tensor, size_t index) {
  AppendBare(out, tensor, index, 1);
}

void AppendElements(std::string* out, const TensorView& tensor, size_t first, size_t count) {
  out->push_back('[');
  AppendBare(out, tensor, first, count);
  out->push_back(']');
}

void AppendNested(std::string* out, const TensorView& tensor) {
  AppendLevel(out, tensor, 0, 0, tensor.elements());
}

void AppendRow(std::string* out, const TensorView& tensor, size_t row, bool flat) {
  const auto rows = static_cast<size_t>(tensor.shape[0]);
  const size_t width = tensor.elements() / rows;
  if (flat && width == 1) return AppendElement(out, tensor, row);
  AppendLevel(out, tensor, 1, row * width, width);
}

}  // namespace quern::server
