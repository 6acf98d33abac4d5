#include "serving/convert.h"

#include <doctest/doctest.h>

#include <bit>
#include <cmath>
#include <limits>
#include <vector>

namespace quern::serving {
namespace {

using model::DataType;

template <typename To, typename From>
size_t Convert(DataType from, const std::vector<From>& in, DataType to, std::vector<To>& out) {
  out.assign(in.size(), To{});
  return ConvertNumbers({from, in.data(), 1, in.size()}, to, out.data(), 1);
}

TEST_CASE("a number is taken if the type can hold it") {
  std::vector<double> wide;
  CHECK(Convert<double, int8_t>(DataType::kInt8, {-128, 127}, DataType::kFp64, wide) == 2);
  CHECK(wide == std::vector<double>{-128, 127});
  std::vector<float> narrow;
  CHECK(Convert<float, double>(DataType::kFp64, {0.1, std::nan(""), INFINITY}, DataType::kFp32,
                               narrow) == 3);
  CHECK(narrow[0] == 0.1F);
  CHECK(std::isnan(narrow[1]));
  CHECK(Convert<float, double>(DataType::kFp64, {1, 1e39}, DataType::kFp32, narrow) == 1);
  std::vector<int64_t> whole;
  CHECK(Convert<int64_t, double>(DataType::kFp64, {3, 1.5}, DataType::kInt64, whole) == 1);
  CHECK(Convert<int64_t, double>(DataType::kFp64, {std::nan("")}, DataType::kInt64, whole) == 0);
  CHECK(Convert<int64_t, double>(DataType::kFp64, {-9223372036854775808.0}, DataType::kInt64,
                                 whole) == 1);
  CHECK(Convert<int64_t, double>(DataType::kFp64, {9223372036854775808.0}, DataType::kInt64,
                                 whole) == 0);
  CHECK(Convert<int64_t, uint64_t>(DataType::kUint64, {uint64_t{1} << 63}, DataType::kInt64,
                                   whole) == 0);
  std::vector<uint8_t> bits;
  CHECK(Convert<uint8_t, int32_t>(DataType::kInt32, {0, 1, 2}, DataType::kBool, bits) == 2);
  CHECK(Convert<uint8_t, int32_t>(DataType::kInt32, {255, -1}, DataType::kUint8, bits) == 1);
}

TEST_CASE("columns of a matrix lie a stride apart") {
  const std::vector<int32_t> matrix = {1, 2, 3, 4, 5, 6};
  std::vector<double> out(4, 0);
  CHECK(ConvertNumbers({DataType::kInt32, &matrix[1], 3, 2}, DataType::kFp64, out.data(), 2) == 2);
  CHECK(out == std::vector<double>{2, 0, 5, 0});
}

TEST_CASE("half: every pattern survives the way through float") {
  for (uint32_t bits = 0; bits < 0x10000; ++bits) {
    const auto half = static_cast<uint16_t>(bits);
    const float value = HalfToFloat(half);
    if (std::isnan(value)) continue;
    REQUIRE(FloatToHalf(value) == half);
    const float brain = BrainToFloat(half);
    if (!std::isnan(brain)) REQUIRE(FloatToBrain(brain) == half);
  }
}

// IEEE 754-2008, binary16: 11 significant bits, largest finite 65504, smallest 2^-24.
TEST_CASE("half: known values and ties to even") {
  CHECK(HalfToFloat(0x3c00) == 1.0F);
  CHECK(HalfToFloat(0x7bff) == 65504.0F);
  CHECK(HalfToFloat(0x0001) == std::ldexp(1.0F, -24));
  CHECK(HalfToFloat(0xfc00) == -INFINITY);
  CHECK(FloatToHalf(65519.996F) == 0x7bff);
  CHECK(FloatToHalf(65520.0F) == 0x7c00);
  CHECK(FloatToHalf(2049.0F) == FloatToHalf(2048.0F));
  CHECK(FloatToHalf(2051.0F) == FloatToHalf(2052.0F));
  CHECK(FloatToHalf(std::ldexp(1.0F, -25)) == 0);
  CHECK(FloatToHalf(std::ldexp(1.5F, -25)) == 1);
  CHECK(std::isnan(HalfToFloat(FloatToHalf(std::nanf("")))));
  CHECK(FloatToBrain(1.00390625F) == 0x3f80);  // 1 + 2^-8: a tie
  CHECK(std::isnan(BrainToFloat(FloatToBrain(std::nanf("")))));
}

TEST_CASE("numbers as text") {
  const int64_t whole[] = {-9007199254740993};
  CHECK(NumberText(DataType::kInt64, whole, 0) == "-9007199254740993");
  const uint64_t large[] = {18446744073709551615U};
  CHECK(NumberText(DataType::kUint64, large, 0) == "18446744073709551615");
  const float narrow[] = {0.5F};
  CHECK(NumberText(DataType::kFp32, narrow, 0) == "0.5");
}

}  // namespace
}  // namespace quern::serving
