#include "ml/learners/ubjson.h"

#include <bit>
#include <cstdint>

namespace quern::ml {
namespace {

constexpr int kMaxDepth = 32;

class Reader {
 public:
  explicit Reader(std::string_view bytes) : bytes_(bytes) {}

  Result<UbjValue> Document() {
    QUERN_ASSIGN(UbjValue value, Value(0));
    if (at_ != bytes_.size()) return Bad("has bytes after its end");
    return value;
  }

 private:
  std::unexpected<Error> Bad(const std::string& why) const {
    return Fail(Code::kDataLoss, "binary JSON " + why + " at byte " + std::to_string(at_));
  }

  Result<char> Marker() {
    if (at_ >= bytes_.size()) return Bad("ends too early");
    return bytes_[at_++];
  }

  /// Big-endian unsigned integer of N bytes.
  Result<uint64_t> Bytes(size_t n) {
    if (bytes_.size() - at_ < n) return Bad("ends too early");
    uint64_t value = 0;
    for (size_t i = 0; i < n; ++i) value = value << 8 | static_cast<unsigned char>(bytes_[at_++]);
    return value;
  }

  static bool IsNumber(char type) {
    return std::string_view("iUIlLdD").find(type) != std::string_view::npos;
  }

  Result<double> Number(char type) {
    switch (type) {
      case 'i': {
        QUERN_ASSIGN(const uint64_t raw, Bytes(1));
        return static_cast<double>(static_cast<int8_t>(raw));
      }
      case 'U': {
        QUERN_ASSIGN(const uint64_t raw, Bytes(1));
        return static_cast<double>(raw);
      }
      case 'I': {
        QUERN_ASSIGN(const uint64_t raw, Bytes(2));
        return static_cast<double>(static_cast<int16_t>(raw));
      }
      case 'l': {
        QUERN_ASSIGN(const uint64_t raw, Bytes(4));
        return static_cast<double>(static_cast<int32_t>(raw));
      }
      case 'L': {
        QUERN_ASSIGN(const uint64_t raw, Bytes(8));
        return static_cast<double>(static_cast<int64_t>(raw));
      }
      case 'd': {
        QUERN_ASSIGN(const uint64_t raw, Bytes(4));
        return static_cast<double>(std::bit_cast<float>(static_cast<uint32_t>(raw)));
      }
      case 'D': {
        QUERN_ASSIGN(const uint64_t raw, Bytes(8));
        return std::bit_cast<double>(raw);
      }
      default:
        return Bad(std::string("has the type '") + type + "' for a number");
    }
  }

  /// A length: never more than the bytes that are left, since everything takes at least one.
  Result<size_t> Length() {
    QUERN_ASSIGN(const char type, Marker());
    QUERN_ASSIGN(const double length, Number(type));
    if (length < 0 || length > static_cast<double>(bytes_.size() - at_))
      return Bad("has an impossible length");
    return static_cast<size_t>(length);
  }

  Result<std::string> Text() {
    QUERN_ASSIGN(const size_t length, Length());
    std::string text(bytes_.substr(at_, length));
    at_ += length;
    return text;
  }

  Result<UbjValue> Value(int depth) {
    QUERN_ASSIGN(const char type, Marker());
    return Typed(type, depth);
  }

  Result<UbjValue> Typed(char type, int depth) {
    UbjValue value;
    if (depth > kMaxDepth) return Bad("is nested too deeply");
    if (IsNumber(type)) {
      value.kind = UbjValue::Kind::kNumber;
      QUERN_ASSIGN(value.number, Number(type));
    } else if (type == 'T' || type == 'F') {
      value.kind = UbjValue::Kind::kNumber;
      value.number = type == 'T' ? 1 : 0;
    } else if (type == 'S') {
      value.kind = UbjValue::Kind::kText;
      QUERN_ASSIGN(value.text, Text());
    } else if (type == '[') {
      return Array(depth);
    } else if (type == '{') {
      return Object(depth);
    } else if (type != 'Z') {
      return Bad(std::string("has the unknown type '") + type + "'");
    }
    return value;
  }

  bool Peek(char marker) {
    if (at_ >= bytes_.size() || bytes_[at_] != marker) return false;
    ++at_;
    return true;
  }

  Result<UbjValue> Array(int depth) {
    UbjValue value;
    value.kind = UbjValue::Kind::kNumbers;
    char type = 0;
    if (Peek('$')) {
      QUERN_ASSIGN(type, Marker());
      if (!IsNumber(type)) return Bad("has a typed array that is not of numbers");
    }
    if (Peek('#')) {
      QUERN_ASSIGN(const size_t count, Length());
      for (size_t i = 0; i < count; ++i) QUERN_TRY(Element(type, depth, value));
      return value;
    }
    if (type != 0) return Bad("has a typed array without a length");
    while (!Peek(']')) QUERN_TRY(Element(type, depth, value));
    return value;
  }

  Status Element(char type, int depth, UbjValue& array) {
    if (type == 0) {
      QUERN_ASSIGN(type, Marker());
    }
    if (IsNumber(type) && array.items.empty()) {
      QUERN_ASSIGN(const double number, Number(type));
      array.numbers.push_back(number);
      return {};
    }
    if (!array.numbers.empty()) return Bad("mixes numbers and other values in an array");
    array.kind = UbjValue::Kind::kItems;
    QUERN_ASSIGN(UbjValue item, Typed(type, depth + 1));
    array.items.push_back(std::move(item));
    return {};
  }

  Result<UbjValue> Object(int depth) {
    UbjValue value;
    value.kind = UbjValue::Kind::kObject;
    while (!Peek('}')) {
      QUERN_ASSIGN(std::string name, Text());
      QUERN_ASSIGN(UbjValue member, Value(depth + 1));
      value.members.emplace(std::move(name), std::move(member));
    }
    return value;
  }

  std::string_view bytes_;
  size_t at_ = 0;
};

}  // namespace

const UbjValue* UbjValue::Find(const std::string& name) const {
  const auto found = members.find(name);
  return found == members.end() ? nullptr : &found->second;
}

Result<UbjValue> ParseUbjson(std::string_view bytes) { return Reader(bytes).Document(); }

}  // namespace quern::ml
