#include "store/postgres_value.h"

#include <doctest/doctest.h>

#include <cmath>

#include "store/postgres_error.h"

namespace quern::store {
namespace {

std::string Words(std::initializer_list<int> words) {
  std::string bytes;
  for (const int word : words) {
    bytes += static_cast<char>(word >> 8);
    bytes += static_cast<char>(word & 255);
  }
  return bytes;
}

}  // namespace

TEST_CASE("numeric values as text") {
  // Digits, weight, sign, decimals, then the digits of base 10,000.
  CHECK(NumericText(Words({0, 0, 0, 0})) == "0");
  CHECK(NumericText(Words({1, 0, 0, 0, 7})) == "7");
  CHECK(NumericText(Words({2, 1, 0x4000, 0, 12, 34})) == "-120034");
  CHECK(NumericText(Words({1, 2, 0, 0, 5})) == "500000000");
  CHECK(NumericText(Words({2, 0, 0, 3, 12, 3450})) == "12.345");
  CHECK(NumericText(Words({1, -2, 0, 8, 25})) == "0.00000025");
  CHECK(NumericText(Words({1, -1, 0x4000, 1, 5000})) == "-0.5");
  CHECK(NumericText(Words({0, 0, 0xC000, 0})) == "NaN");
  CHECK(NumericText(Words({0, 0, 0xD000, 0})) == "Infinity");
  CHECK(NumericText(Words({0, 0, 0xF000, 0})) == "-Infinity");
}

TEST_CASE("parameters in binary") {
  const std::vector<Param> params{int64_t{258}, 1.5,         "ä", Bytes{std::string("\0x", 2)},
                                  Param(),      std::nan("")};
  auto made = PostgresParams::Of(params);
  REQUIRE(made);
  const std::vector<const char*> values = made->Values();
  REQUIRE(made->count() == 6);
  CHECK(made->Signature() == "idtbnn");
  CHECK(std::string(values[0], 8) == std::string("\0\0\0\0\0\0\1\2", 8));
  CHECK(std::string(values[1], 8) == std::string("\x3f\xf8\0\0\0\0\0\0", 8));
  CHECK(std::string(values[2], static_cast<size_t>(made->lengths()[2])) == "ä");
  CHECK(made->lengths()[3] == 2);
  CHECK(values[4] == nullptr);
  CHECK(values[5] == nullptr);
  CHECK(made->types()[0] == 20);
  CHECK(made->types()[4] == 0);
}

TEST_CASE("errors of PostgreSQL have codes") {
  const std::pair<const char*, Code> cases[] = {
      {"23505", Code::kAlreadyExists},
      {"23503", Code::kFailedPrecondition},
      {"23514", Code::kInvalidArgument},
      {"53100", Code::kResourceExhausted},
      {"53200", Code::kResourceExhausted},
      {"53300", Code::kUnavailable},
      {"40001", Code::kAborted},
      {"40P01", Code::kAborted},
      {"55P03", Code::kAborted},
      {"57014", Code::kDeadlineExceeded},
      {"57P01", Code::kUnavailable},
      {"57P03", Code::kUnavailable},
      {"08006", Code::kUnavailable},
      {"28P01", Code::kPermissionDenied},
      {"42501", Code::kPermissionDenied},
      {"25006", Code::kPermissionDenied},
      {"3D000", Code::kFailedPrecondition},
      {"22021", Code::kInvalidArgument},
      {"XX001", Code::kDataLoss},
      {"42601", Code::kInternal},
      {"", Code::kInternal},
  };
  for (const auto& [state, code] : cases) {
    CAPTURE(state);
    CHECK(CodeOfSqlState(state) == code);
    CHECK(PostgresError("place", state, "text").error().code == code);
  }
  const Error full = PostgresError("postgresql://h/d", "53100", "could not extend file").error();
  CHECK(full.ToString().starts_with(
      "error: database 'postgresql://h/d': could not extend file\n  help: free some space"));
  CHECK(PostgresUnavailable("p", "one\n\ttwo\n")
            .error()
            .ToString()
            .starts_with("error: database 'p': it does not answer: one; two\n"));
  CHECK(IsLost("57P01"));
  CHECK_FALSE(IsLost("53300"));
}

}  // namespace quern::store
