#include "server/http/json_cursor.h"

#include <doctest/doctest.h>

#include <array>
#include <cmath>
#include <cstdlib>
#include <string>
#include <vector>

#include "base/json_doc.h"
#include "base/random.h"

namespace quern::server {
namespace {

std::string CursorProblem(std::string_view text) {
  Arena arena;
  JsonCursor cursor(text, arena);
  if (cursor.Skip()) cursor.Finish();
  return cursor.Problem();
}

double Number(const std::string& text) {
  Arena arena;
  JsonCursor cursor(text, arena);
  double value = 0;
  REQUIRE_MESSAGE(cursor.Double(&value), text);
  REQUIRE(cursor.Finish());
  return value;
}

TEST_CASE("a document is walked once") {
  Arena arena;
  JsonCursor cursor(R"( {"a" : [1, -2.5e1,"x\u00fcy"], "b":{}, "c":[ ], "d":true} )", arena);
  std::string_view key;
  REQUIRE(cursor.EnterObject());
  REQUIRE(cursor.NextKey(&key));
  CHECK(key == "a");
  REQUIRE(cursor.EnterArray());
  JsonNumber number;
  REQUIRE(cursor.NextItem());
  REQUIRE(cursor.Number(&number));
  CHECK(number.whole);
  CHECK(number.magnitude == 1);
  REQUIRE(cursor.NextItem());
  REQUIRE(cursor.Number(&number));
  CHECK_FALSE(number.whole);
  CHECK(number.value == -25);
  REQUIRE(cursor.NextItem());
  std::string_view text;
  REQUIRE(cursor.String(&text));
  CHECK(text == "xüy");
  CHECK_FALSE(cursor.NextItem());
  for (const char* name : {"b", "c", "d"}) {
    REQUIRE(cursor.NextKey(&key));
    CHECK(key == name);
    REQUIRE(cursor.Skip());
  }
  CHECK_FALSE(cursor.NextKey(&key));
  CHECK(cursor.Finish());
}

TEST_CASE("what is no JSON is refused at its place") {
  CHECK(CursorProblem("") == "the text ends where a value should be at byte 0");
  CHECK(CursorProblem("[1,]") == "expected a value at byte 3");
  CHECK(CursorProblem("{\"a\":1,}") == "expected a key in quotes at byte 7");
  CHECK(CursorProblem("[1 2]") == "expected ',' or ']' at byte 3");
  CHECK(CursorProblem("[1") == "the text ends within a list at byte 2");
  CHECK(CursorProblem("1 x") == "text after the document at byte 2");
  for (const char* text : {"01",
                           "1.",
                           "1e",
                           "-",
                           "+1",
                           ".5",
                           "nan",
                           "\"a\nb\"",
                           "\"\\x\"",
                           "\"\\ud800\"",
                           "\"\\ud800\\u0041\"",
                           "\"\\udc00\"",
                           "\"\\u12g4\"",
                           "\"\xff\"",
                           "\"\\n\xc0\xaf\"",
                           "\"abc",
                           "\"abc\\",
                           "\"abc\\\"",
                           "tru",
                           "{1:2}",
                           "{\"a\" 1}",
                           "[",
                           "{",
                           "'a'",
                           "[1]]",
                           "--1"}) {
    CHECK_MESSAGE(!CursorProblem(text).empty(), text);
  }
  CHECK(CursorProblem(std::string(64, '[') + std::string(64, ']')).empty());
  CHECK(
      CursorProblem(std::string(65, '[') + std::string(65, ']')).starts_with("nested too deeply"));
}

TEST_CASE("numbers are the nearest doubles") {
  CHECK(Number("0.1") == 0.1);
  CHECK(Number("-0") == 0.0);
  CHECK(std::signbit(Number("-0")));
  CHECK(Number("9007199254740993") == 9007199254740992.0);
  CHECK(Number("123456789012345678901234567890") == 123456789012345678901234567890.0);
  CHECK(Number("2.2250738585072011e-308") == 2.2250738585072011e-308);
  CHECK(Number("1e400") == HUGE_VAL);
  CHECK(Number("-1e400") == -HUGE_VAL);
  CHECK(Number("1e-400") == 0);
  CHECK(Number("0e999999999999") == 0);
  CHECK(std::isnan(Number("NaN")));
  CHECK(Number("-Infinity") == -HUGE_VAL);
  // The C library rounds right; so must the short way.
  Rng rng(7);
  for (int i = 0; i < 200'000; ++i) {
    std::string text = std::to_string(rng.Below(uint64_t{1} << (1 + rng.Below(63))));
    if (rng.Below(2) == 0) text += "." + std::to_string(rng.Below(1'000'000));
    if (rng.Below(3) == 0) text += "e" + std::to_string(static_cast<int>(rng.Below(80)) - 40);
    REQUIRE_MESSAGE(Number(text) == std::strtod(text.c_str(), nullptr), text);
  }
}

TEST_CASE("whole numbers keep all of their digits") {
  Arena arena;
  JsonNumber number;
  JsonCursor most("9223372036854775807", arena);
  REQUIRE(most.Number(&number));
  CHECK(number.whole);
  CHECK(number.magnitude == 9223372036854775807U);
  JsonCursor all("18446744073709551615", arena);
  REQUIRE(all.Number(&number));
  CHECK(number.whole);
  CHECK(number.magnitude == UINT64_MAX);
  JsonCursor beyond("18446744073709551616", arena);
  REQUIRE(beyond.Number(&number));
  CHECK_FALSE(number.whole);
}

/// The numbers of a list, those that are written plainly several at once, and how many these are.
std::vector<double> Numbers(const std::string& text, size_t* plain, std::string* problem) {
  Arena arena;
  JsonCursor cursor(text, arena);
  std::vector<double> all;
  cursor.EnterArray();
  while (cursor.NextItem()) {
    std::array<double, 3> some{};
    const size_t took = cursor.PlainNumbers(some);
    *plain += took;
    all.insert(all.end(), some.begin(), some.begin() + static_cast<ptrdiff_t>(took));
    if (took == 0 && cursor.Double(some.data())) all.push_back(some[0]);
  }
  if (!cursor.failed()) cursor.Finish();
  *problem = cursor.failed() ? cursor.Problem() : "";
  return all;
}

TEST_CASE("plain numbers of a list are read several at once, and others as ever") {
  size_t plain = 0;
  std::string problem;
  CHECK(Numbers("[]", &plain, &problem).empty());
  CHECK(plain == 0);
  const std::string list =
      "[ 63 ,1.0,-2.5,\t0 , 1e3,0.001,-0,12345678901234567890,9007199254740993,NaN]";
  const std::vector<double> read = Numbers(list, &plain, &problem);
  CHECK(problem.empty());
  CHECK(plain == 6);  // all but the exponent, the long ones and NaN
  REQUIRE(read.size() == 10);
  CHECK(read[2] == -2.5);
  CHECK(read[4] == 1000);
  CHECK(read[5] == 0.001);
  CHECK(std::signbit(read[6]));
  CHECK(read[7] == 12345678901234567890.0);
  CHECK(read[8] == 9007199254740992.0);
  CHECK(std::isnan(read[9]));
  for (const char* wrong :
       {"[1,]", "[1,01]", "[1,2.]", "[1,-]", "[1,2 3]", "[1,.5]", "[1", "[1,2", "[1,2x]"}) {
    const auto whole = CursorProblem(wrong);
    Numbers(wrong, &plain, &problem);
    CHECK_MESSAGE(!whole.empty(), wrong);
    CHECK_MESSAGE(problem == whole, wrong);
  }
  Rng rng(11);
  for (int i = 0; i < 20'000; ++i) {
    std::vector<double> wanted;
    std::string text = "[";
    for (uint64_t n = 1 + rng.Below(6); n > 0; --n) {
      std::string one = rng.Below(2) == 0 ? "-" : "";
      one += std::to_string(rng.Below(uint64_t{1} << (1 + rng.Below(63))));
      if (rng.Below(2) == 0) one += "." + std::to_string(rng.Below(1'000'000));
      if (rng.Below(9) == 0) one += "e-3";
      wanted.push_back(std::strtod(one.c_str(), nullptr));
      text += (text.size() > 1 ? ", " : "") + one;
    }
    REQUIRE_MESSAGE(Numbers(text + "]", &plain, &problem) == wanted, text);
  }
}

}  // namespace
}  // namespace quern::server
