#include "server/oip/tensor_reader.h"

#include <array>
#include <cmath>
#include <cstring>
#include <limits>
#include <type_traits>
#include <utility>

#include "base/base64.h"
#include "serving/input_binding.h"

namespace quern::server::oip {
namespace {

using model::DataType;
using model::TensorView;
using Kind = JsonCursor::Kind;

/// Reads the values of one tensor of C++ type T one after the other.
template <typename T>
class ValueReader {
 public:
  ValueReader(const TensorHead& head, JsonCursor& cursor, Arena& arena)
      : head_(head), cursor_(cursor), arena_(arena) {}

  Result<TensorView> Read() {
    // Each value takes a byte at least, and one for what divides it from the next.
    const size_t room = std::min(head_.elements, cursor_.Left() / 2 + 1);
    values_ = arena_.Make<T>(room);
    if (!cursor_.EnterArray()) return BadTensor(head_.name, "'data' must be a list");
    if (!cursor_.NextItem()) {
      if (cursor_.failed()) return Syntax();
    } else if (cursor_.Peek() == Kind::kArray) {
      QUERN_TRY(Nested(0, true));
    } else {
      QUERN_TRY(Flat());
    }
    if (cursor_.failed()) return Syntax();
    if (count_ != head_.elements) return WrongCount();
    if (widened_.data() != nullptr)
      return TensorView{DataType::kFp64, head_.shape, widened_.data()};
    return TensorView{head_.type, head_.shape, values_.data()};
  }

 private:
  std::unexpected<Error> Syntax() const {
    return Fail(Code::kInvalidArgument, "the request body is not valid JSON: " + cursor_.Problem());
  }
  std::unexpected<Error> WrongCount() const {
    return BadTensor(head_.name, "'data' has " + std::to_string(count_) +
                                     " values, 'shape' asks for " + std::to_string(head_.elements));
  }
  std::unexpected<Error> BadElement(std::string_view what) const {
    if (cursor_.failed()) return Syntax();
    return BadTensor(head_.name, "element " + std::to_string(count_) + " of datatype " +
                                     std::string(model::DataTypeName(head_.type)) + " is " +
                                     std::string(what));
  }

  /// The rest of the outermost list, whose first item begins here.
  Status Flat() {
    do {
      if (count_ >= values_.size()) {  // only to say how many there are
        if (cursor_.Peek() == Kind::kArray) return Mixed();
        if (!cursor_.Skip()) return Syntax();
        ++count_;
        continue;
      }
      if constexpr (std::is_floating_point_v<T>) {
        QUERN_ASSIGN(const bool took, Plain());
        if (took) continue;
      }
      QUERN_TRY(Value());
    } while (cursor_.NextItem());
    return {};
  }

  /// Some of the numbers that follow, most of them written plainly; false if the next one is not.
  Result<bool> Plain() {
    std::array<double, 64> numbers;
    const size_t room = std::min(numbers.size(), values_.size() - count_);
    const size_t took = cursor_.PlainNumbers({numbers.data(), room});
    for (size_t i = 0; i < took; ++i) QUERN_TRY(Put(numbers[i]));
    return took > 0;
  }

  std::unexpected<Error> Mixed() const {
    return BadTensor(head_.name, "'data' is not nested as 'shape' says");
  }

  /// One level of nested lists; `open` if its first item was come to already.
  Status Nested(size_t depth, bool open) {
    const bool last = depth + 1 == head_.shape.size();
    const auto wanted = static_cast<size_t>(head_.shape[depth]);
    size_t items = 0;
    if (!open && !cursor_.EnterArray()) return Syntax();
    while (open || cursor_.NextItem()) {
      open = false;
      if ((cursor_.Peek() == Kind::kArray) == last) return Mixed();
      if (++items > wanted) continue_counting_ = true;
      if (continue_counting_) {
        if (!cursor_.Skip()) return Syntax();
      } else if (last) {
        if (count_ >= values_.size()) return WrongLevel(depth, items, wanted);
        QUERN_TRY(Value());
      } else {
        QUERN_TRY(Nested(depth + 1, false));
      }
    }
    if (cursor_.failed()) return Syntax();
    if (items != wanted) return WrongLevel(depth, items, wanted);
    return {};
  }

  std::unexpected<Error> WrongLevel(size_t depth, size_t items, size_t wanted) const {
    return BadTensor(head_.name, "dimension " + std::to_string(depth) + " of 'data' has " +
                                     std::to_string(items) + " entries, 'shape' says " +
                                     std::to_string(wanted));
  }

  Status Value() {
    const Kind kind = cursor_.Peek();
    if (kind == Kind::kArray) return Mixed();
    if constexpr (std::is_same_v<T, std::string_view>) {
      return Text(kind);
    } else {
      return NumberValue(kind);
    }
  }

  Status Text(Kind kind) {
    std::string_view text;
    if (kind == Kind::kNull) {
      if (!cursor_.Null()) return Syntax();
    } else if (kind != Kind::kString) {
      return BadElement("not text");
    } else if (!cursor_.String(&text)) {
      return Syntax();
    }
    if constexpr (std::is_same_v<T, std::string_view>) values_[count_++] = text;
    return {};
  }

  Status NumberValue(Kind kind) {
    if (kind == Kind::kNull) {
      if (!cursor_.Null()) return Syntax();
      return Put(std::numeric_limits<double>::quiet_NaN());
    }
    if (kind == Kind::kTrue || kind == Kind::kFalse) {
      bool truth = false;
      if (!cursor_.Bool(&truth)) return Syntax();
      return Put(truth ? 1 : 0);
    }
    JsonNumber number;
    if (kind != Kind::kNumber) return BadElement("not a number");
    if (!cursor_.Number(&number)) return Syntax();
    if constexpr (std::is_integral_v<T>) {
      if (number.whole) return PutWhole(number);
      if (number.value != std::trunc(number.value)) return BadElement("not a whole number");
      if (std::isinf(number.value)) return BadElement("out of range");
    }
    return Put(number.value);
  }

  /// An integer by all of its digits.
  Status PutWhole(const JsonNumber& number) {
    if constexpr (std::is_integral_v<T>) {
      constexpr uint64_t kLimit = uint64_t{1} << 63;
      const bool fits = number.negative
                            ? number.magnitude <= kLimit &&
                                  std::in_range<T>(static_cast<int64_t>(~number.magnitude + 1))
                            : std::in_range<T>(number.magnitude);
      if (!fits || Above(number.value)) return BadElement("out of range");
      if (widened_.data() != nullptr) {
        widened_[count_++] = number.value;
      } else {
        values_[count_++] =
            static_cast<T>(number.negative ? ~number.magnitude + 1 : number.magnitude);
      }
    }
    return {};
  }

  bool Above(double value) const { return head_.type == DataType::kBool && value > 1; }

  Status Put(double value) {
    if constexpr (std::is_floating_point_v<T>) {
      const T narrow = static_cast<T>(value);
      if (std::isinf(narrow) && !std::isinf(value)) return BadElement("out of range");
      values_[count_++] = narrow;
    } else if constexpr (std::is_integral_v<T>) {
      if (std::isnan(value) || widened_.data() != nullptr) return PutWidened(value);
      const double high = std::ldexp(1.0, std::numeric_limits<T>::digits);
      const bool fits = value >= static_cast<double>(std::numeric_limits<T>::min()) && value < high;
      if (!fits || Above(value)) return BadElement("out of range");
      values_[count_++] = static_cast<T>(value);
    }
    return {};
  }

  /// Integers cannot say "missing": from the first such value on they are doubles.
  Status PutWidened(double value) {
    if constexpr (std::is_integral_v<T>) {
      if (widened_.data() == nullptr) {
        widened_ = arena_.Make<double>(std::max<size_t>(values_.size(), 1));
        for (size_t i = 0; i < count_; ++i) widened_[i] = static_cast<double>(values_[i]);
      }
      widened_[count_++] = value;
    }
    return {};
  }

  const TensorHead& head_;
  JsonCursor& cursor_;
  Arena& arena_;
  std::span<T> values_;
  std::span<double> widened_;
  size_t count_ = 0;
  bool continue_counting_ = false;
};

template <typename T>
Result<TensorView> ReadAs(const TensorHead& head, JsonCursor& cursor, Arena& arena) {
  return ValueReader<T>(head, cursor, arena).Read();
}

Result<TensorView> ReadBinaryTexts(const TensorHead& head, std::string_view bytes, Arena& arena) {
  const auto bad = [&] {
    return BadTensor(head.name,
                     "BYTES elements must be a length of four bytes and as many bytes, " +
                         std::to_string(head.elements) + " times");
  };
  if (head.elements > bytes.size() / 4) return bad();
  std::span<std::string_view> texts = arena.Make<std::string_view>(head.elements);
  for (std::string_view& text : texts) {
    uint32_t length = 0;
    if (bytes.size() < sizeof length) return bad();
    std::memcpy(&length, bytes.data(), sizeof length);
    bytes.remove_prefix(sizeof length);
    if (bytes.size() < length) return bad();
    text = bytes.substr(0, length);
    bytes.remove_prefix(length);
  }
  if (!bytes.empty()) return bad();
  return TensorView{head.type, head.shape, texts.data()};
}

}  // namespace

std::unexpected<Error> BadTensor(std::string_view name, std::string what) {
  return Fail(Code::kInvalidArgument, "input " + serving::Quoted(name) + ": " + std::move(what));
}

Status CheckShape(std::string_view name, std::span<const int64_t> shape, size_t* elements) {
  if (shape.empty()) return BadTensor(name, "'shape' is empty");
  *elements = 1;
  bool overflow = false;
  for (int64_t dimension : shape) {
    if (dimension < 0) return BadTensor(name, "'shape' must hold whole numbers from 0");
    const auto size = static_cast<size_t>(dimension);
    overflow = overflow || size > kMaxElements ||
               __builtin_mul_overflow(*elements, size, elements) || *elements > kMaxElements;
  }
  if (!overflow) return {};
  return BadTensor(name, "'shape' causes total element count to exceed maximum size of " +
                             std::to_string(kMaxElements));
}

Result<TensorView> ReadJsonData(const TensorHead& head, JsonCursor& cursor, Arena& arena) {
  switch (head.type) {
    case DataType::kBool:
    case DataType::kUint8:
      return ReadAs<uint8_t>(head, cursor, arena);
    case DataType::kUint16:
      return ReadAs<uint16_t>(head, cursor, arena);
    case DataType::kUint32:
      return ReadAs<uint32_t>(head, cursor, arena);
    case DataType::kUint64:
      return ReadAs<uint64_t>(head, cursor, arena);
    case DataType::kInt8:
      return ReadAs<int8_t>(head, cursor, arena);
    case DataType::kInt16:
      return ReadAs<int16_t>(head, cursor, arena);
    case DataType::kInt32:
      return ReadAs<int32_t>(head, cursor, arena);
    case DataType::kInt64:
      return ReadAs<int64_t>(head, cursor, arena);
    case DataType::kFp32:
      return ReadAs<float>(head, cursor, arena);
    case DataType::kFp64:
      return ReadAs<double>(head, cursor, arena);
    case DataType::kBytes:
      return ReadAs<std::string_view>(head, cursor, arena);
    case DataType::kFp16:
    case DataType::kBf16:
      break;
  }
  return BadTensor(head.name, "receiving " + std::string(model::DataTypeName(head.type)) +
                                  " data via JSON is not supported: send FP32 or FP64, or use the "
                                  "binary data format");
}

Result<TensorView> ReadBinaryData(const TensorHead& head, std::string_view bytes, Arena& arena) {
  if (head.type == DataType::kBytes) return ReadBinaryTexts(head, bytes, arena);
  const size_t element = model::ElementSize(head.type);
  if (bytes.size() != head.elements * element) {
    return BadTensor(head.name, "has " + std::to_string(bytes.size()) +
                                    " bytes, 'shape' asks for " +
                                    std::to_string(head.elements * element));
  }
  const void* data = bytes.data();
  const bool check = head.type == DataType::kBool;
  if (reinterpret_cast<uintptr_t>(data) % element != 0 || bytes.empty()) {
    std::span<uint64_t> copy = arena.Make<uint64_t>((bytes.size() + 7) / 8);
    if (!bytes.empty()) std::memcpy(copy.data(), data, bytes.size());
    data = copy.data();
  }
  for (size_t i = 0; check && i < bytes.size(); ++i) {
    if (static_cast<unsigned char>(bytes[i]) > 1) {
      return BadTensor(head.name, "element " + std::to_string(i) +
                                      " of datatype BOOL is neither 0 "
                                      "nor 1");
    }
  }
  return TensorView{head.type, head.shape, data};
}

Status DecodeBase64(std::string_view name, TensorView& tensor, Arena& arena) {
  if (tensor.type != DataType::kBytes) {
    return BadTensor(name, "content_type 'base64' is for BYTES");
  }
  const std::span<const std::string_view> texts = tensor.values<std::string_view>();
  std::span<std::string_view> decoded = arena.Make<std::string_view>(texts.size());
  for (size_t i = 0; i < texts.size(); ++i) {
    const auto bytes = FromBase64(texts[i]);
    if (!bytes) return BadTensor(name, "element " + std::to_string(i) + " is not base64");
    decoded[i] = arena.Copy(*bytes);
  }
  tensor.data = decoded.data();
  return {};
}

}  // namespace quern::server::oip
