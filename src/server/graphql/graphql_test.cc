#include <doctest/doctest.h>

#include <deque>
#include <string>
#include <vector>

#include "base/fs.h"
#include "base/random.h"
#include "base/text.h"
#include "server/graphql/execute.h"
#include "server/mlflow/graphql_schema.h"

namespace quern::server::graphql {
namespace {

/// Answers `{"info":{"name":ARGUMENTS,"count":N}}` where N counts the calls.
class Echo : public Backend {
 public:
  Result<JsonRef> Ask(std::string_view call, const std::string& arguments) override {
    if (call == "fail") return Fail(Code::kNotFound, "nothing at " + std::string(call));
    ++asked;
    Kept& kept = kept_.emplace_back();
    kept.text = R"({"info":{"name":)" + ShowJsonText(arguments) +
                R"(,"count":9007199254740993,"ratio":"NaN","state":"OFF","tags":["x","y"]}})";
    kept.document = *JsonDoc::Parse(kept.text);
    return kept.document.root();
  }
  int asked = 0;

 private:
  struct Kept {
    std::string text;
    JsonDoc document;
  };
  std::deque<Kept> kept_;
};

const Schema& Small() {
  static const Schema kSchema = [] {
    auto schema = Schema::Parse(R"(
      directive @skip(if: Boolean!) on FIELD
      type Query { thing(input: In, size: Float, twice: [[Int!]]): Thing broken: Thing none: Thing }
      input In { someId: String big: LongString state: State deep: In flag: Boolean need: [Int!] }
      enum State { ON OFF }
      type Thing { info: Info }
      type Info { name: String count: LongString ratio: Float state: State tags: [String!] on: Boolean
                  missing: Info rest: [Info!] }
    )");
    REQUIRE(schema.has_value());
    const auto by = [](const char* call) {
      return [call](Backend& backend, const Source&, const std::string& text) -> Result<Source> {
        QUERN_ASSIGN(const JsonRef answer, backend.Ask(call, text));
        return Source{answer};
      };
    };
    schema->Resolve("Query", "thing", by("thing"));
    schema->Resolve("Query", "broken", by("fail"));
    return std::move(*schema);
  }();
  return kSchema;
}

std::string Ask(std::string_view query, std::string_view variables = "") {
  Echo backend;
  const std::string text(variables.empty() ? "{}" : variables);
  const auto document = JsonDoc::Parse(text);
  REQUIRE(document.has_value());
  return Execute(Small(), {}, backend, {query, "", document->root()});
}

TEST_CASE("what a source holds is answered, and defaults of what it lacks") {
  CHECK(Ask("{ thing { info { count ratio state tags on rest { name } missing { count state } } } "
            "}") ==
        R"({"data":{"thing":{"info":{"count":"9007199254740993","ratio":null,"state":"OFF",)"
        R"("tags":["x","y"],"on":false,"rest":[],"missing":{"count":"0","state":"ON"}}}},)"
        R"("errors":null})");
  CHECK(Ask("{ none { info { ratio } } }") ==
        R"({"data":{"none":{"info":{"ratio":0}}},"errors":null})");
}

TEST_CASE("a field that fails is null, and the others are answered") {
  CHECK(Ask("{ a: broken { info { name } } thing { info { state } } b: broken { __typename } }") ==
        R"({"data":{"a":null,"thing":{"info":{"state":"OFF"}},"b":null},)"
        R"("errors":["nothing at fail","nothing at fail"]})");
}

TEST_CASE("arguments reach the backend under its names") {
  const std::string head = R"({"data":{"thing":{"info":{"name":")";
  const std::string tail = R"("}}},"errors":null})";
  const auto reads = [&](std::string_view query, std::string_view variables, std::string wanted) {
    const std::string quoted = ShowJsonText(wanted);
    CHECK(Ask(query, variables) == head + quoted.substr(1, quoted.size() - 2) + tail);
  };
  reads(R"({ thing(input: {someId: "a", deep: {state: ON, flag: true}, big: 9007199254740993},
            size: -1.5e3, twice: 4) { info { name } } })",
        "",
        R"({"input":{"some_id":"a","deep":{"state":"ON","flag":true},"big":9007199254740993},)"
        R"("size":-1.5e3,"twice":[[4]]})");
  const std::string_view query =
      "query ($id: String, $in: In, $n: [Int!]) { thing(input: {someId: $id, deep: $in, need: $n}) "
      "{ info { name } } }";
  reads(query, R"({"in": {"big": "12", "state": "OFF", "need": 3.0}, "n": [1, 2]})",
        R"({"input":{"deep":{"big":12,"state":"OFF","need":[3]},"need":[1,2]}})");
  reads(query, R"({"id": null})", R"({"input":{"some_id":null}})");
}

TEST_CASE("values that do not fit are refused with their place") {
  const auto refused = [](std::string_view query, std::string_view variables,
                          std::string_view part) {
    const std::string answer = Ask(query, variables);
    CHECK_MESSAGE(answer.find(part) != std::string::npos, answer);
    CHECK(answer.starts_with(R"({"data":null,"errors":[)"));
  };
  const std::string_view query = "query ($in: In) { thing(input: $in) { info { name } } }";
  refused(query, R"({"in": {"deep": {"need": [1, 2.5]}}})",
          "Variable '$in' got invalid value 2.5 at 'in.deep.need[1]'; Int cannot represent "
          "non-integer value: 2.5");
  refused(query, R"({"in": {"need": [1, null]}})",
          "Expected non-nullable type 'Int!' not to be None.");
  refused(query, R"({"in": {"big": "9223372036854775808"}})", "non 64-bit integer value");
  refused(query, R"({"in": {"flag": "yes"}})",
          "Boolean cannot represent a non boolean value: 'yes'");
  refused("query ($s: Float) { thing(size: $s) { info { name } } }", R"({"s": NaN})",
          "Float cannot represent non numeric value: NaN");
  refused("query ($s: Float!) { thing(size: $s) { info { name } } }", R"({"s": null})",
          "of non-null type 'Float!' must not be null.");
  refused("query ($n: [Int]) { thing(input: {need: $n}) { info { name } } }", "",
          "of type '[Int]' used in position expecting type '[Int!]'.");
}

TEST_CASE("a variable's error list has an end") {
  std::string many = R"({"in": {"need": [)";
  for (int i = 0; i < 10'000; ++i) many += "\"x\",";
  const std::string answer =
      Ask("query ($in: In) { thing(input: $in) { info { name } } }", many + "1]}}");
  CHECK(answer.size() < 20'000);
}

TEST_CASE("fragments that spread much are limited by what they ask, not by their text") {
  std::string text = "{ ...A0 }";
  for (int i = 0; i < 30; ++i) {
    const std::string next = "thing { info { missing { ...B } } } ...A" + std::to_string(i + 1);
    text += " fragment A" + std::to_string(i) + " on Query { " + next + " " + next + " }";
  }
  text += " fragment A30 on Query { __typename } fragment B on Info { name }";
  CHECK(Ask(text).find("at most 10 root fields") != std::string::npos);
  std::string wide = "{ thing { info { ...B0 } } }";
  for (int i = 0; i < 6; ++i) {
    const std::string next = "{ ...B" + std::to_string(i + 1) + " }";
    wide += " fragment B" + std::to_string(i) + " on Info {";
    for (int j = 0; j < 10; ++j) wide += " x" + std::to_string(j) + ": missing " + next;
    wide += " }";
  }
  CHECK(Ask(wide + " fragment B6 on Info { name }").find("maximum total selections of 1000") !=
        std::string::npos);
}

TEST_CASE("a schema with a mistake is refused") {
  CHECK(Schema::Parse("type A { b: Int }").error().message == "A schema needs a type 'Query'.");
  CHECK(Schema::Parse("type Query { a: Foo }").error().message ==
        "Unknown type 'Foo' at 'Query.a'.");
  CHECK(!Schema::Parse("type Query { a Int }").has_value());
  CHECK(!Schema::Parse("union Query { a }").has_value());
}

/// Answers nothing at all: what executes is MLflow's schema.
class Nothing : public Backend {
 public:
  Nothing() : document_(*JsonDoc::Parse("{}")) {}
  Result<JsonRef> Ask(std::string_view, const std::string& arguments) override {
    CHECK_MESSAGE(JsonDoc::Parse(arguments).has_value(), arguments);
    return document_.root();
  }

 private:
  JsonDoc document_;
};

TEST_CASE("random changes of the documents under tests/fuzz/graphql: an answer is always JSON") {
  constexpr const char* kFolder = QUERN_SOURCE_DIR "/tests/fuzz/graphql";
  static const std::vector<std::string> kPieces = {"{",
                                                   "}",
                                                   "(",
                                                   ")",
                                                   "[",
                                                   "]",
                                                   "...",
                                                   "$",
                                                   "@skip(if: true)",
                                                   ":",
                                                   "!",
                                                   "|",
                                                   "\"",
                                                   "\"\"\"",
                                                   "\\u00e9",
                                                   "-",
                                                   "1e9",
                                                   "null",
                                                   "#",
                                                   "\n",
                                                   ",",
                                                   "on ",
                                                   "fragment F on Query {",
                                                   "query ",
                                                   "...F",
                                                   "input: {runId: \"a\"}",
                                                   "\0",
                                                   "ü",
                                                   "{ mlflowGetRun {",
                                                   "__typename",
                                                   "$data",
                                                   "true",
                                                   "=",
                                                   "&"};
  std::vector<std::string> corpus;
  const auto names = RealFs().List(kFolder);
  REQUIRE(names.has_value());
  for (const std::string& name : *names) {
    const auto text = RealFs().Read(JoinPath(kFolder, name));
    REQUIRE(text.has_value());
    corpus.push_back(*text);
  }
  Rng rng(20'26);
  int executed = 0;
  const std::string variables = R"({"data":{"runIds":"a","metricKey":"m"},"s":true,"n":1})";
  const auto given = JsonDoc::Parse(variables);
  for (int i = 0; i < 20'000; ++i) {
    std::string text = corpus[rng.Below(corpus.size())];
    for (uint64_t changes = rng.Below(4); changes > 0; --changes) {
      const size_t at = rng.Below(text.size() + 1);
      if (rng.Below(2) == 0) {
        text.insert(at, kPieces[rng.Below(kPieces.size())]);
      } else {
        text.erase(at, 1 + rng.Below(12));
      }
    }
    if (FindInvalidUtf8(text)) continue;
    Nothing backend;
    const std::string answer = Execute(mlflow::GraphqlSchema(), {}, backend,
                                       {text, rng.Below(4) == 0 ? "Q" : "", given->root()});
    const auto read = JsonDoc::Parse(answer);
    REQUIRE_MESSAGE(read.has_value(), text);
    if (read->root().Find("data")->Is(JsonKind::kObject)) ++executed;
  }
  CHECK(executed > 1000);
}

}  // namespace
}  // namespace quern::server::graphql
