#include "server/http/json_cursor.h"

#include <doctest/doctest.h>

#include <cmath>
#include <cstdlib>
#include <string>

#include "base/json_doc.h"
#include "base/random.h"

namespace quern::server {
namespace {

std::string Problem(std::string_view text) {
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
  CHECK(Problem("") == "the text ends where a value should be at byte 0");
  CHECK(Problem("[1,]") == "expected a value at byte 3");
  CHECK(Problem("{\"a\":1,}") == "expected a key in quotes at byte 7");
  CHECK(Problem("[1 2]") == "expected ',' or ']' at byte 3");
  CHECK(Problem("[1") == "the text ends within a list at byte 2");
  CHECK(Problem("1 x") == "text after the document at byte 2");
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
    CHECK_MESSAGE(!Problem(text).empty(), text);
  }
  CHECK(Problem(std::string(64, '[') + std::string(64, ']')).empty());
  CHECK(Problem(std::string(65, '[') + std::string(65, ']')).starts_with("nested too deeply"));
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

}  // namespace
}  // namespace quern::server
