#include <doctest/doctest.h>

#include <string>

#include "search/filter.h"
#include "search/select.h"

namespace quern::search {
namespace {

std::string Written(const Field& field) {
  static constexpr std::string_view kFunctions[] = {"", "min ", "max ", "last ", "count "};
  std::string text(kFunctions[static_cast<size_t>(field.aggregate)]);
  if (field.has_entity) text += "<" + field.entity + ">";
  return text + "<" + field.key + ">";
}

/// The tree, fully parenthesised: names in <>, texts in '', numbers and words as written.
std::string Written(const Node& node) {
  if (node.kind == Node::Kind::kNot) return "not(" + Written(node.children.front()) + ")";
  if (node.kind == Node::Kind::kCompare) {
    std::string text = Written(node.field) + " " + std::string(OpName(node.op));
    for (const Literal& value : node.values) {
      text += value.kind == Literal::Kind::kText ? " '" + value.text + "'" : " " + value.text;
    }
    return text;
  }
  std::string text = node.kind == Node::Kind::kAnd ? "and(" : "or(";
  for (size_t i = 0; i < node.children.size(); ++i) {
    text += (i > 0 ? ", " : "") + Written(node.children[i]);
  }
  return text + ")";
}

std::string Parsed(const std::string& filter) {
  const auto node = ParseFilter(filter);
  return node ? Written(*node) : "error: " + node.error().message;
}

/// What a search of runs says about a filter; "" if it takes it.
std::string Refusal(const std::string& filter, const Entity& entity = Runs()) {
  Request request;
  request.filter = filter;
  const auto query = Compile(entity, request, Dialect::kSqlite);
  if (query) return "";
  CHECK(query.error().code == Code::kInvalidArgument);
  return query.error().message;
}

std::string Repeated(const std::string& text, size_t times) {
  std::string out;
  for (size_t i = 0; i < times; ++i) out += text;
  return out;
}

}  // namespace

TEST_CASE("filters are read as they are written") {
  const std::pair<const char*, const char*> cases[] = {
      {"", "and()"},
      {" \t\r\n ", "and()"},
      {"metrics.loss > 0.1", "<metrics><loss> > 0.1"},
      {"metrics.loss>-1e-3", "<metrics><loss> > -1e-3"},
      {"a=.5", "<a> = .5"},
      {"a = 1.", "<a> = 1."},
      {"a = 2E+4", "<a> = 2E+4"},
      {"tags.mlflow.user = 'x'", "<tags><mlflow.user> = 'x'"},
      {"metrics.f1.0 <= 1", "<metrics><f1.0> <= 1"},
      {"params.0 = '1'", "<params><0> = '1'"},
      {"params.`a b` = \"c d\"", "<params><a b> = 'c d'"},
      {"params.\"a/b.c\" != 'x'", "<params><a/b.c> != 'x'"},
      {"`tags`.`a` = 'x'", "<tags><a> = 'x'"},
      {"`run name` = 'x'", "<run name> = 'x'"},
      {"\"run name\" = 'x'", "<run name> = 'x'"},
      {"tags.a = 'it''s'", "<tags><a> = 'it's'"},
      {"tags.a = \"say \"\"x\"\"\"", "<tags><a> = 'say \"x\"'"},
      {"tags.`a``b` = ''", "<tags><a`b> = ''"},
      {"tags.größe = 'ä'", "<tags><größe> = 'ä'"},
      {"a LIKE 'x' and b ilike 'y'", "and(<a> LIKE 'x', <b> ILIKE 'y')"},
      {"a not like 'x'", "not(<a> LIKE 'x')"},
      {"a in ('x')", "<a> IN 'x'"},
      {"a NOT in ('x', 'y',)", "<a> NOT IN 'x' 'y'"},
      {"a in (1, 2.5)", "<a> IN 1 2.5"},
      {"a Is Null", "<a> IS NULL"},
      {"a is NOT null", "<a> IS NOT NULL"},
      {"a = b", "<a> = b"},
      {"a = b.c", "<a> = b.c"},
      {"a = 1 AND b = 2 AND c = 3", "and(<a> = 1, <b> = 2, <c> = 3)"},
      {"a = 1 OR b = 2 AND c = 3", "or(<a> = 1, and(<b> = 2, <c> = 3))"},
      {"(a = 1 OR b = 2) AND c = 3", "and(or(<a> = 1, <b> = 2), <c> = 3)"},
      {"((a = 1))", "<a> = 1"},
      {"(a = 1 AND b = 2) AND c = 3", "and(<a> = 1, <b> = 2, <c> = 3)"},
      {"NOT a = 1 AND b = 2", "and(not(<a> = 1), <b> = 2)"},
      {"not (a = 1 or b = 2)", "not(or(<a> = 1, <b> = 2))"},
      {"NOT NOT a = 1", "not(not(<a> = 1))"},
      {"min(metrics.loss) < 1", "min <metrics><loss> < 1"},
      {"Last( metrics.`a b` ) IS NULL", "last <metrics><a b> IS NULL"},
      {"count(metrics.x)>=2", "count <metrics><x> >= 2"},
      {"min = 1", "<min> = 1"},
      {"tags.and = 'x' and tags.not = 'y'", "and(<tags><and> = 'x', <tags><not> = 'y')"},
  };
  for (const auto& [filter, expected] : cases) {
    CAPTURE(filter);
    CHECK(Parsed(filter) == expected);
  }
}

TEST_CASE("numbers beyond a double are the largest, as infinities are stored") {
  const auto node = ParseFilter("a IN (1e400, -1e400, 1e-400)");
  REQUIRE(node);
  CHECK(node->values[0].number == 1.7976931348623157e308);
  CHECK(node->values[1].number == -1.7976931348623157e308);
  CHECK(node->values[2].number == 0);
}

TEST_CASE("a syntax error names its column") {
  const std::pair<const char*, const char*> cases[] = {
      {"a",
       "Invalid comparison clause. Expected a comparison, found the end at column "
       "2: operators are = != < <= > >= LIKE ILIKE IN NOT IN IS NULL IS NOT NULL"},
      {"a >",
       "Invalid comparison clause. Expected a value, found the end at column 4: "
       "a text between quotes or a number"},
      {"> 1", "Invalid comparison clause. Expected 'Identifier', found '>' at column 1"},
      {"a = 1 AND",
       "Invalid comparison clause. Expected 'Identifier', found the end "
       "at column 10"},
      {"'a' = 1", "Invalid comparison clause. Expected 'Identifier', found ''a'' at column 1"},
      {"a = 1 b = 2",
       "Invalid clause(s) in filter string: 'b' at column 7: join comparisons with AND or OR"},
      {"a = 1)",
       "Invalid clause(s) in filter string: ')' at column 6: this parenthesis was never opened"},
      {"(a = 1",
       "Invalid comparison clause. Expected ')', found the end at column 7: "
       "of the parenthesis at column 1"},
      {"ä = 'x",
       "Invalid clause(s) in filter string: ''x' at column 5: the quote ' is never closed"},
      {"a == 1", "Invalid comparator '==' at column 3: write ="},
      {"a <> 1", "Invalid comparator '<>' at column 3: write !="},
      {"a ~ 1", "Invalid comparator '~' at column 3"},
      {"a = +1",
       "Invalid clause(s) in filter string: '+' at column 5: a key with spaces, dashes or "
       "slashes stands between back-quotes, as in metrics.`val/loss`"},
      {"metrics.a-b > 1",
       "Invalid clause(s) in filter string: '-' at column 10: a key with spaces, dashes or slashes "
       "stands between back-quotes, as in metrics.`val/loss`"},
      {"a = 0x1F", "Invalid clause(s) in filter string: '0x1F' at column 5: this is not a number"},
      {"a IN ()",
       "While parsing a list in the query, expected a non-empty list of values, but got "
       "empty list at column 7"},
      {"a IN 'x'",
       "While parsing a list in the query, expected a list in parentheses, found ''x'' at column "
       "6"},
      {"a IN ('x' 'y')",
       "While parsing a list in the query, expected ',' or ')' after a value, found ''y'' at "
       "column "
       "11"},
      {"a IS 1", "Invalid comparison clause. Expected NULL, found '1' at column 6"},
      {"a NOT = 1",
       "Invalid comparison clause. Expected IN, LIKE or ILIKE after NOT, found '=' at column 7"},
      {"avg(metrics.a) > 1",
       "Invalid clause(s) in filter string: 'avg(' at column 1: functions are "
       "min, max, last and count"},
      {"metrics. > 1", "Invalid comparison clause. A key is empty at column 9"},
      {"metrics.`` > 1", "Invalid comparison clause. A key is empty at column 11"},
      {"a = 1 -- no",
       "Invalid clause(s) in filter string: '-' at column 7: a key with spaces, "
       "dashes or slashes stands between back-quotes, as in metrics.`val/loss`"},
  };
  for (const auto& [filter, expected] : cases) {
    CAPTURE(filter);
    CHECK(Parsed(filter) == std::string("error: ") + expected);
  }
  CHECK(ParseFilter("ab = 'x").error().where.column == 6);
}

TEST_CASE("a name that does not exist gets a suggestion") {
  CHECK(Refusal("statu = 'x'") ==
        "Invalid attribute key 'statu' specified at column 1: did you mean 'status'?");
  CHECK(Refusal("run_id = 'a' AND metrix.loss > 1") ==
        "Invalid entity type 'metrix' at column 18: did you mean 'metric'?");
  CHECK(Refusal("loss > 1") ==
        "Invalid attribute key 'loss' specified at column 1: known: run_id, run_name, user_id, "
        "status, artifact_uri, start_time, end_time, duration; a metric is written metrics.loss");
  CHECK(Refusal("dataset.nam = 'x'") ==
        "Invalid dataset key 'nam' specified at column 1: did you mean 'name'?");
  CHECK(Refusal("metrics.a > 1", Experiments()).starts_with("Invalid entity type 'metrics'"));
  CHECK(Refusal("run_id = 'x'", RegisteredModels())
            .starts_with("Invalid attribute key 'run_id' specified"));
}

TEST_CASE("a value that does not fit is named") {
  CHECK(Refusal("metrics.loss > 'x'") ==
        "Expected numeric value type for metric. Found 'x' at column 16");
  CHECK(Refusal("start_time > '5'") ==
        "Expected numeric value type for numeric attribute: start_time. Found '5' at column 14");
  CHECK(Refusal("params.lr = 0.1") ==
        "Expected a quoted string value for parameter (e.g. 'my-value'). Got value 0.1 at column "
        "13: write '0.1'");
  CHECK(Refusal("tags.a = x").starts_with("Parameter value is either not quoted or unidentified"));
  CHECK(Refusal("status = 1").starts_with("Expected a quoted string value for attributes."));
  CHECK(Refusal("dataset.name IN ('a', 1)")
            .starts_with("Expected a quoted string value for dataset attributes. Got value 1"));
  CHECK(Refusal("status > 'A'") ==
        "Invalid comparator '>' not one of '=, !=, LIKE, ILIKE, IN, NOT IN, IS NULL, IS NOT NULL' "
        "at column 8: 'status' does not compare that way");
  CHECK(Refusal("metrics.a LIKE 'x'").starts_with("Invalid comparator 'LIKE' not one of '=, !="));
  CHECK(Refusal("min(params.a) = 'x'").find("take a metric of a run") != std::string::npos);
  CHECK(Refusal("min(metrics.a) = 1", LoggedModels()).find("of a run") != std::string::npos);
  CHECK(Refusal("experiment_id = 'x'", Experiments()) ==
        "Invalid value for attribute 'experiment_id': 'x' is not an integer at column 17");
}

TEST_CASE("a filter has limits, and says which") {
  CHECK(Refusal(std::string(kMaxFilterBytes, ' ')).empty());
  CHECK(Refusal(std::string(kMaxFilterBytes + 1, ' ')) ==
        "Invalid filter: it has 100001 bytes, the most is 100000");
  CHECK(Refusal("tags.a = '" + std::string(90'000, 'x') + "'").empty());
  CHECK(Refusal("tags.a LIKE '" + std::string(90'000, '%') + "'") ==
        "Invalid filter: a pattern of 90000 bytes, the most is 16000 at column 13");
  CHECK(Refusal("tags.ä = '\xff'") == "Invalid filter: not UTF-8 text at column 11");
  CHECK(Refusal(std::string("tags.a = '\0'", 12)) ==
        "Invalid filter: a NUL character at column 11");
  const std::string deep = Repeated("(", 31) + "status = 'x'" + Repeated(")", 31);
  CHECK(Refusal(deep.substr(1, deep.size() - 2)).empty());
  CHECK(Refusal(deep) ==
        "Invalid filter: more than 30 parentheses and NOTs inside of each other at column 31");
  CHECK(Refusal(Repeated("(", 99'000)).starts_with("Invalid filter: more than 30 parentheses"));
  CHECK(Refusal(Repeated("NOT ", 20'000)).starts_with("Invalid filter: more than 30 parentheses"));
  const std::string chain = "status = ''" + Repeated(" OR status = ''", 499);
  CHECK(Refusal(chain).empty());
  CHECK(
      Refusal(chain + " OR status = ''").starts_with("Invalid filter: more than 500 comparisons"));
  const std::string list = "run_id IN (''" + Repeated(",''", kMaxValues - 1);
  CHECK(Refusal(list + ")").empty());
  CHECK(Refusal(list + ",'')").starts_with("Invalid filter: more than 20000 values"));
  // Messages stay short whatever they quote.
  CHECK(Refusal(std::string(90'000, 'x') + " = 1").size() < 400);
}

TEST_CASE("an order that does not exist is refused") {
  const std::pair<const char*, const char*> cases[] = {
      {"", "Invalid order_by clause ''. Could not be parsed."},
      {"metrics.a, metrics.b",
       "Invalid order_by clause 'metrics.a, metrics.b'. Could not be parsed. "
       "',' stands at column 10"},
      {"metrics.a up", "Invalid ordering key in order_by clause 'metrics.a up'."},
      {"metrics.a ASC DESC", "Invalid order_by clause 'metrics.a ASC DESC'. Could not be parsed."},
      {"statu", "Invalid attribute key 'statu' specified at column 1: did you mean 'status'?"},
      {"dataset.name", "Invalid order_by entity: dataset"},
  };
  for (const auto& [clause, expected] : cases) {
    CAPTURE(clause);
    Request request;
    request.order_by = {clause};
    const auto query = Compile(Runs(), request, Dialect::kSqlite);
    REQUIRE_FALSE(query);
    CHECK(query.error().code == Code::kInvalidArgument);
    CHECK(query.error().message.starts_with(expected));
  }
  Request twice;
  twice.order_by = {"created", "start_time DESC"};
  CHECK(Compile(Runs(), twice, Dialect::kSqlite).error().message ==
        "`order_by` contains duplicate fields: 'start_time' stands twice");
  Request many;
  for (size_t i = 0; i <= kMaxOrderKeys; ++i) many.order_by.push_back("tags.t" + std::to_string(i));
  CHECK(Compile(Runs(), many, Dialect::kSqlite).error().message ==
        "Invalid order_by: more than 12 elements");
}

TEST_CASE("PostgreSQL gets its own LIKE and byte order") {
  Request request;
  request.filter = "tags.a LIKE 'x\\%' AND user_id ILIKE 'y' AND start_time > 1.5";
  request.order_by = {"run_name"};
  const auto query = Compile(Runs(), request, Dialect::kPostgres);
  REQUIRE(query);
  const Scope scope = {"r.experiment_id = ?", {int64_t{1}}};
  CHECK(ScanPage({*query, "r.id", scope}, 10).sql ==
        "SELECT r.id, r.name COLLATE \"C\" AS sort_key_0, r.start_ms AS sort_key_1, "
        "r.id COLLATE \"C\" AS sort_key_2 FROM runs r WHERE (r.experiment_id = ?) AND "
        "((SELECT CASE WHEN x.value LIKE ? ESCAPE '' THEN 1 ELSE 0 END FROM run_tags x "
        "WHERE x.run = r.num AND x.key = ?) = 1 AND r.user_id ILIKE ? ESCAPE '' AND "
        "r.start_ms > CAST(? AS DOUBLE PRECISION)) "
        "ORDER BY sort_key_0, sort_key_1 DESC, sort_key_2 LIMIT ?");
}

}  // namespace quern::search
