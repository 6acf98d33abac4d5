#include "store/postgres_value.h"

#include <bit>
#include <cmath>
#include <cstdlib>

#include "base/text.h"

namespace quern::store {
namespace {

// Types by the numbers that PostgreSQL's catalogue gives them for good.
constexpr Oid kBool = 16, kBytea = 17, kInt8 = 20, kInt2 = 21, kInt4 = 23, kText = 25;
constexpr Oid kFloat4 = 700, kFloat8 = 701, kNumeric = 1700, kUnknown = 0;
/// PostgreSQL's own limit of one value.
constexpr size_t kMaxValueBytes = 1'000'000'000;

uint64_t BigEndian(std::string_view bytes) {
  uint64_t value = 0;
  for (const char c : bytes) value = (value << 8) | static_cast<unsigned char>(c);
  return value;
}

int64_t IntegerOf(std::string_view bytes) {
  const uint64_t value = BigEndian(bytes);
  if (bytes.size() == 2) return static_cast<int16_t>(value);
  if (bytes.size() == 4) return static_cast<int32_t>(value);
  return static_cast<int64_t>(value);
}

double DoubleOf(std::string_view bytes) {
  const uint64_t value = BigEndian(bytes);
  if (bytes.size() == 4) return double{std::bit_cast<float>(static_cast<uint32_t>(value))};
  return std::bit_cast<double>(value);
}

int64_t Truncated(double value) {
  constexpr double kEdge = 9223372036854775808.0;
  if (std::isnan(value)) return 0;
  if (value >= kEdge) return INT64_MAX;
  return value < -kEdge ? INT64_MIN : static_cast<int64_t>(value);
}

bool IsInteger(Oid type) { return type == kInt8 || type == kInt4 || type == kInt2; }
bool IsReal(Oid type) { return type == kFloat8 || type == kFloat4; }

}  // namespace

Result<PostgresParams> PostgresParams::Of(const std::vector<Param>& params) {
  PostgresParams out;
  out.types_.reserve(params.size());
  out.lengths_.reserve(params.size());
  out.texts_.reserve(params.size());
  out.numbers_.reserve(params.size() * 8);
  for (const Param& param : params) QUERN_TRY(out.Add(param));
  out.formats_.assign(params.size(), 1);
  return out;
}

Status PostgresParams::Add(const Param& param) {
  if (const auto* integer = std::get_if<int64_t>(&param)) {
    AddNumber(kInt8, static_cast<uint64_t>(*integer));
    return {};
  }
  const auto* real = std::get_if<double>(&param);
  if (real != nullptr && !std::isnan(*real)) {
    AddNumber(kFloat8, std::bit_cast<uint64_t>(*real));
    return {};
  }
  const auto* text = std::get_if<std::string>(&param);
  const auto* bytes = std::get_if<Bytes>(&param);
  const std::string* data = text != nullptr ? text : bytes != nullptr ? &bytes->data : nullptr;
  if (data != nullptr && data->size() > kMaxValueBytes) {
    return Fail(Code::kInvalidArgument, "a value of " + FormatBytes(data->size()) +
                                            " is too long for PostgreSQL, which takes 1 GB");
  }
  types_.push_back(data == nullptr ? kUnknown : text != nullptr ? kText : kBytea);
  lengths_.push_back(data == nullptr ? 0 : static_cast<int>(data->size()));
  texts_.push_back(data == nullptr ? nullptr : data->c_str());
  numbers_.append(8, '\0');
  return {};
}

void PostgresParams::AddNumber(Oid type, uint64_t bits) {
  types_.push_back(type);
  lengths_.push_back(8);
  texts_.push_back(nullptr);
  for (int shift = 56; shift >= 0; shift -= 8) {
    numbers_ += static_cast<char>(static_cast<unsigned char>(bits >> shift));
  }
}

const std::vector<const char*>& PostgresParams::Values() {
  values_ = texts_;
  for (size_t i = 0; i < values_.size(); ++i) {
    if (types_[i] == kInt8 || types_[i] == kFloat8) values_[i] = numbers_.data() + i * 8;
  }
  return values_;
}

std::string PostgresParams::Signature() const {
  std::string letters;
  for (const Oid type : types_) {
    letters += type == kInt8     ? 'i'
               : type == kFloat8 ? 'd'
               : type == kText   ? 't'
               : type == kBytea  ? 'b'
                                 : 'n';
  }
  return letters;
}

// Sixteen bits each: how many digits of base 10,000, the power of 10,000 of the first, a sign, how
// many decimals are shown; then the digits.
std::string NumericText(std::string_view bytes) {
  constexpr uint64_t kNegative = 0x4000, kNan = 0xC000, kInfinity = 0xD000, kMinus = 0xF000;
  const auto word = [&](size_t i) { return BigEndian(bytes.substr(i * 2, 2)); };
  const auto digits = static_cast<int64_t>(word(0));
  const int64_t weight = IntegerOf(bytes.substr(2, 2));
  const uint64_t sign = word(2);
  if (sign == kNan) return "NaN";
  if (sign == kInfinity) return "Infinity";
  if (sign == kMinus) return "-Infinity";
  const auto group = [&](int64_t i) {
    const bool there = i >= 0 && i < digits;
    std::string text = std::to_string(there ? word(static_cast<size_t>(i) + 4) : 0);
    return std::string(4 - text.size(), '0') + text;
  };
  std::string whole, fraction;
  for (int64_t i = 0; i <= weight; ++i) whole += group(i);
  whole.erase(0, whole.find_first_not_of('0'));
  const size_t decimals = word(3);
  for (int64_t i = weight + 1; fraction.size() < decimals; ++i) fraction += group(i);
  fraction.resize(decimals);
  std::string text = sign == kNegative ? "-" : "";
  text += whole.empty() ? "0" : whole;
  if (!fraction.empty()) text += "." + fraction;
  return text;
}

std::string_view PostgresRow::BytesOf(int column) const {
  return {libpq_.value(result_, row_, column),
          static_cast<size_t>(libpq_.length(result_, row_, column))};
}

bool PostgresRow::IsNull(int column) const { return libpq_.is_null(result_, row_, column) == 1; }

int64_t PostgresRow::Int(int column) const {
  if (IsNull(column)) return 0;
  const Oid type = libpq_.type(result_, column);
  const std::string_view bytes = BytesOf(column);
  if (IsInteger(type)) return IntegerOf(bytes);
  if (IsReal(type)) return Truncated(DoubleOf(bytes));
  if (type == kBool) return bytes[0] != 0 ? 1 : 0;
  const std::string text = Text(column);
  if (const auto integer = ParseInt(text)) return *integer;
  return Truncated(std::strtod(text.c_str(), nullptr));
}

double PostgresRow::Number(int column) const {
  if (IsNull(column)) return 0;
  const Oid type = libpq_.type(result_, column);
  if (IsReal(type)) return DoubleOf(BytesOf(column));
  if (IsInteger(type) || type == kBool) return static_cast<double>(Int(column));
  return std::strtod(Text(column).c_str(), nullptr);
}

std::string PostgresRow::Text(int column) const {
  if (IsNull(column)) return {};
  const Oid type = libpq_.type(result_, column);
  if (IsInteger(type) || type == kBool) return std::to_string(Int(column));
  if (IsReal(type)) return ShortestDouble(DoubleOf(BytesOf(column)));
  if (type == kNumeric) return NumericText(BytesOf(column));
  return std::string(BytesOf(column));
}

}  // namespace quern::store
