// Random changes of the documents under tests/fuzz/json: no reader crashes, and the two readers
// agree on what is JSON.
#include <doctest/doctest.h>

#include <boost/json.hpp>
#include <string>
#include <vector>

#include "base/fuzz_test.h"
#include "base/json.h"
#include "base/json_doc.h"
#include "base/text.h"

namespace quern {
namespace {

constexpr int kMutations = 30'000;
const std::vector<std::string> kPieces = {
    "{",        "}",        "[",    "]",   "\"",          ":",        ",",   "\\u0000",
    "\\ud800",  "\\x",      "\\\"", "NaN", "null",        "Infinity", "-",   "0",
    "1e999",    "01",       "1.",   "-0",  "\xff",        "ä",        "\n",  "\"a\":1",
    "[[[[[[[[", "true",     " ",    "\t",  "\x01",        "9e-999",   "\\/", "/**/",
    "\"\"",     "{\"a\":{", "1E+2", "+1",  "\xef\xbb\xbf"};

}  // namespace

TEST_CASE("no JSON crashes, and both readers take the same") {
  const auto corpus = testing::Corpus(QUERN_SOURCE_DIR, "json");
  Rng rng(20'264);
  int taken = 0;
  for (int i = 0; i < kMutations; ++i) {
    const std::string text = testing::Mutated(corpus, kPieces, rng);
    CAPTURE(text);
    const auto document = JsonDoc::Parse(text);
    const auto tree =
        ParseJson(text, {.name = "", .max_depth = JsonDoc::kMaxDepth, .allow_nan = true});
    // A document keeps digits; a tree needs an exponent that is a number of its own.
    const bool exponent = !tree && tree.error().message.find("exponent") != std::string::npos;
    if (!exponent) CHECK(document.has_value() == tree.has_value());
    if (!document) {
      CHECK(document.error().offset <= text.size());
      CHECK_FALSE(FindInvalidUtf8(document.error().message));
      continue;
    }
    ++taken;
    // What is shown of a document is the same document.
    const std::string shown = ShowJson(document->root());
    const auto again = JsonDoc::Parse(shown);
    REQUIRE(again);
    CHECK(ShowJson(again->root()) == shown);
  }
  CHECK(taken > kMutations / 50);
  CHECK(taken < kMutations);
}

}  // namespace quern
