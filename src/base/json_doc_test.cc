#include "base/json_doc.h"

#include <doctest/doctest.h>

#include <string>

namespace quern {
namespace {

TEST_CASE("a document read in place") {
  const std::string text =
      R"( {"a": [1, -2.5e3, NaN, -Infinity, 1e400], "b\u00e9\n": "x\ud83d\ude00\"y", "c": {"d": null}, "e": [], "t": true} )";
  auto doc = JsonDoc::Parse(text);
  REQUIRE(doc);
  const JsonRef root = doc->root();
  CHECK(root.size() == 5);
  std::string numbers;
  root.Find("a")->ForEach([&](JsonRef item) {
    CHECK(item.Is(JsonKind::kNumber));
    numbers.append(item.text()).append(" ");
  });
  CHECK(numbers == "1 -2.5e3 NaN -Infinity 1e400 ");
  CHECK(root.Find("b\xc3\xa9\n")->text() == "x\xf0\x9f\x98\x80\"y");
  CHECK(root.Find("c")->Find("d")->Is(JsonKind::kNull));
  CHECK(root.Find("e")->size() == 0);
  CHECK(root.Find("t")->Is(JsonKind::kTrue));
  CHECK_FALSE(root.Find("d"));
  CHECK_FALSE(root.Find("a")->Find("x"));
  std::string keys;
  root.ForEachMember([&](std::string_view key, JsonRef) { keys.append(key).append("|"); });
  CHECK(keys == "a|b\xc3\xa9\n|c|e|t|");
}

TEST_CASE("a document survives being moved") {
  const std::string text = R"({"k\t": "v\u0041"})";
  auto doc = JsonDoc::Parse(text);
  REQUIRE(doc);
  const JsonDoc moved = std::move(*doc);
  CHECK(moved.root().Find("k\t")->text() == "vA");
}

TEST_CASE("what is no JSON is refused with its place") {
  struct Row {
    std::string text;
    JsonDoc::Problem problem;
    size_t offset;
  };
  const std::string deep = std::string(65, '[') + std::string(65, ']');
  std::string many = "{";
  for (int i = 0; i < 40; ++i) many += "\"k" + std::to_string(i) + "\":0,";
  many += "\"k7\":1}";
  for (const Row& row : {
           Row{"", JsonDoc::Problem::kSyntax, 0},
           Row{"{", JsonDoc::Problem::kSyntax, 1},
           Row{"[1,]", JsonDoc::Problem::kSyntax, 3},
           Row{"[1 2]", JsonDoc::Problem::kSyntax, 3},
           Row{"{\"a\" 1}", JsonDoc::Problem::kSyntax, 5},
           Row{"{a: 1}", JsonDoc::Problem::kSyntax, 1},
           Row{"01", JsonDoc::Problem::kSyntax, 1},
           Row{"1.", JsonDoc::Problem::kSyntax, 2},
           Row{"-", JsonDoc::Problem::kSyntax, 1},
           Row{"nul", JsonDoc::Problem::kSyntax, 0},
           Row{"\"a", JsonDoc::Problem::kSyntax, 2},
           Row{"\"a\nb\"", JsonDoc::Problem::kSyntax, 2},
           Row{"\"\\x\"", JsonDoc::Problem::kSyntax, 2},
           Row{"\"\\u12g4\"", JsonDoc::Problem::kSyntax, 5},
           Row{"\"\\ud800\"", JsonDoc::Problem::kSyntax, 7},
           Row{"\"\\udc00\"", JsonDoc::Problem::kSyntax, 7},
           Row{"{} {}", JsonDoc::Problem::kSyntax, 3},
           Row{"\"\xff\"", JsonDoc::Problem::kNotUtf8, 1},
           Row{"{\"a\":1,\"a\":2}", JsonDoc::Problem::kDuplicate, 13},
           Row{many, JsonDoc::Problem::kDuplicate, many.size()},
           Row{deep, JsonDoc::Problem::kTooDeep, 64},
       }) {
    CAPTURE(row.text);
    auto doc = JsonDoc::Parse(row.text);
    REQUIRE_FALSE(doc);
    CHECK(doc.error().problem == row.problem);
    CHECK(doc.error().offset == row.offset);
    CHECK(doc.error().message.find("at byte " + std::to_string(row.offset)) != std::string::npos);
  }
  CHECK(JsonDoc::Parse(std::string(64, '[') + std::string(64, ']')));
  CHECK(JsonDoc::Parse("\xef\xbb\xbf{}"));
}

TEST_CASE("a value as messages show it") {
  const std::string text = "{\"b\": [1.50, \"\\u00e9\\ud83d\\ude00\\u0001\"], \"a\": {}}";
  auto doc = JsonDoc::Parse(text);
  REQUIRE(doc);
  CHECK(ShowJson(doc->root()) == R"({"a":{},"b":[1.50,"\u00e9\ud83d\ude00\u0001"]})");
  CHECK(ShowJsonText("a\"\n") == R"("a\"\n")");
}

}  // namespace
}  // namespace quern
