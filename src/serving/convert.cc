#include "serving/convert.h"

#include <bit>
#include <cmath>
#include <limits>
#include <type_traits>
#include <utility>

#include "base/text.h"

namespace quern::serving {
namespace {

using model::DataType;

struct Bool {
  uint8_t value;
};
struct Half {
  uint16_t bits;
};
struct Brain {
  uint16_t bits;
};

/// Calls `use` with a value of the type's own C++ type.
template <typename Use>
auto WithType(DataType type, Use use) {
  switch (type) {
    case DataType::kBool:
      return use(Bool{});
    case DataType::kUint8:
      return use(uint8_t{});
    case DataType::kUint16:
      return use(uint16_t{});
    case DataType::kUint32:
      return use(uint32_t{});
    case DataType::kUint64:
      return use(uint64_t{});
    case DataType::kInt8:
      return use(int8_t{});
    case DataType::kInt16:
      return use(int16_t{});
    case DataType::kInt32:
      return use(int32_t{});
    case DataType::kInt64:
      return use(int64_t{});
    case DataType::kFp16:
      return use(Half{});
    case DataType::kBf16:
      return use(Brain{});
    case DataType::kFp32:
      return use(float{});
    case DataType::kFp64:
    case DataType::kBytes:  // never asked for
      break;
  }
  return use(double{});
}

/// As a type that arithmetic works on.
inline uint8_t Plain(Bool v) { return v.value != 0 ? 1 : 0; }
inline float Plain(Half v) { return HalfToFloat(v.bits); }
inline float Plain(Brain v) { return BrainToFloat(v.bits); }
template <typename T>
T Plain(T v) {
  return v;
}

template <typename To, typename From>
bool PutInteger(From v, To* out) {
  if constexpr (std::is_floating_point_v<From>) {
    // The bounds are powers of two, so they are exact in floating point.
    constexpr double kLow = static_cast<double>(std::numeric_limits<To>::min());
    const double high = std::ldexp(1.0, std::numeric_limits<To>::digits);
    const double wide = static_cast<double>(v);
    if (!(wide >= kLow && wide < high) || wide != std::trunc(wide)) return false;
  } else if (!std::in_range<To>(v)) {
    return false;
  }
  *out = static_cast<To>(v);
  return true;
}

template <typename From>
bool PutFloat(From v, float* out) {
  *out = static_cast<float>(v);
  return std::isfinite(*out) || !std::isfinite(static_cast<double>(v));
}

template <typename To, typename From>
bool Put(From v, To* out) {
  if constexpr (std::is_same_v<To, double>) {
    *out = static_cast<double>(v);
    return true;
  } else if constexpr (std::is_same_v<To, float>) {
    return PutFloat(v, out);
  } else if constexpr (std::is_same_v<To, Half> || std::is_same_v<To, Brain>) {
    constexpr bool kHalf = std::is_same_v<To, Half>;
    float wide = 0;
    if (!PutFloat(v, &wide)) return false;
    out->bits = kHalf ? FloatToHalf(wide) : FloatToBrain(wide);
    const float back = kHalf ? HalfToFloat(out->bits) : BrainToFloat(out->bits);
    return std::isfinite(back) || !std::isfinite(wide);
  } else if constexpr (std::is_same_v<To, Bool>) {
    out->value = v == From{1} ? 1 : 0;
    return v == From{0} || v == From{1};
  } else {
    return PutInteger(v, out);
  }
}

}  // namespace

size_t ConvertNumbers(const Elements& from, DataType to, void* out, size_t out_stride) {
  return WithType(from.type, [&](auto source) {
    using From = decltype(source);
    return WithType(to, [&](auto target) {
      using To = decltype(target);
      const From* in = static_cast<const From*>(from.first);
      To* put = static_cast<To*>(out);
      for (size_t i = 0; i < from.count; ++i) {
        if (!Put(Plain(in[i * from.stride]), &put[i * out_stride])) return i;
      }
      return from.count;
    });
  });
}

double NumberAt(DataType type, const void* data, size_t index) {
  return WithType(type, [&](auto source) {
    return static_cast<double>(Plain(static_cast<const decltype(source)*>(data)[index]));
  });
}

std::string NumberText(DataType type, const void* data, size_t index) {
  if (type == DataType::kInt64) {
    return std::to_string(static_cast<const int64_t*>(data)[index]);
  }
  if (type == DataType::kUint64) {
    return std::to_string(static_cast<const uint64_t*>(data)[index]);
  }
  return ShortestDouble(NumberAt(type, data, index));
}

float HalfToFloat(uint16_t bits) {
  const uint32_t sign = static_cast<uint32_t>(bits & 0x8000U) << 16;
  const uint32_t exponent = (bits >> 10) & 0x1fU;
  const uint32_t fraction = bits & 0x3ffU;
  if (exponent == 0x1f) return std::bit_cast<float>(sign | 0x7f800000U | (fraction << 13));
  if (exponent != 0) {
    return std::bit_cast<float>(sign | ((exponent + 112) << 23) | (fraction << 13));
  }
  const float small = std::ldexp(static_cast<float>(fraction), -24);
  return sign != 0 ? -small : small;
}

uint16_t FloatToHalf(float value) {
  const uint32_t bits = std::bit_cast<uint32_t>(value);
  const auto sign = static_cast<uint16_t>((bits >> 16) & 0x8000U);
  const uint32_t rest = bits & 0x7fffffffU;
  if (rest > 0x7f800000U) return sign | 0x7e00U;   // NaN
  if (rest >= 0x477ff000U) return sign | 0x7c00U;  // rounds to 2^16 or more
  if (rest < 0x38800000U) {                        // below 2^-14: a multiple of 2^-24
    const float steps = std::ldexp(std::bit_cast<float>(rest), 24);
    return sign | static_cast<uint16_t>(std::nearbyint(steps));
  }
  const uint32_t rounded = rest + 0xfffU + ((rest >> 13) & 1U);
  return sign | static_cast<uint16_t>((rounded - 0x38000000U) >> 13);
}

float BrainToFloat(uint16_t bits) {
  return std::bit_cast<float>(static_cast<uint32_t>(bits) << 16);
}

uint16_t FloatToBrain(float value) {
  const uint32_t bits = std::bit_cast<uint32_t>(value);
  if ((bits & 0x7fffffffU) > 0x7f800000U) return static_cast<uint16_t>((bits >> 16) | 0x40U);
  return static_cast<uint16_t>((bits + 0x7fffU + ((bits >> 16) & 1U)) >> 16);
}

model::TensorView CopyTensor(const model::TensorView& tensor, Arena& arena) {
  const auto shape = arena.Make<int64_t>(tensor.shape.size());
  std::copy(tensor.shape.begin(), tensor.shape.end(), shape.begin());
  const size_t count = tensor.elements();
  model::TensorView copy{tensor.type, shape, nullptr};
  if (tensor.type == model::DataType::kBytes) {
    const auto texts = arena.Make<std::string_view>(count);
    const auto values = tensor.values<std::string_view>();
    for (size_t i = 0; i < count; ++i) texts[i] = arena.Copy(values[i]);
    copy.data = texts.data();
    return copy;
  }
  const size_t size = count * model::ElementSize(tensor.type);
  // Whole words, so that elements of every type are aligned.
  const auto words = arena.Make<uint64_t>((size + 7) / 8);
  if (size > 0) std::memcpy(words.data(), tensor.data, size);
  copy.data = words.data();
  return copy;
}

}  // namespace quern::serving
