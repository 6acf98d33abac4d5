#include "data/expectation.h"

#include <doctest/doctest.h>

namespace quern::data {
namespace {

std::vector<Expectation> Parse(std::string_view text) {
  auto parsed = ParseExpectationsText(text, "rules.yaml");
  REQUIRE_MESSAGE(parsed.has_value(), parsed.error().ToString());
  return *parsed;
}

std::string ErrorOf(std::string_view text) {
  auto parsed = ParseExpectationsText(text, "rules.yaml");
  REQUIRE(!parsed.has_value());
  CHECK(parsed.error().code == Code::kInvalidArgument);
  return parsed.error().ToString();
}

bool Has(const std::string& text, std::string_view part) {
  INFO(text);
  return text.find(part) != std::string::npos;
}

TEST_CASE("every kind is read, in its short and its long form") {
  const auto list = Parse(R"(
- {column: age, between: [18, 100]}
- {column: chol, not_null: {mostly: 0.95}, severity: warn}
- {column: id, unique: true}
- {columns: [site, id], unique: }
- {column: sex, in_set: [0, 1]}
- {column: sex, in_set: {values: [a, b], mostly: 0.9}}
- {column: age, type: integer}
- {column: code, regex: {pattern: '^A', mostly: 0.5}}
- {expression: "trestbps > 0 OR trestbps IS NULL", name: pressure}
- {row_count: {min: 100}}
- {row_count: 303}
- {freshness: {column: seen, within: 7d}}
- {column: seen, freshness: 36h}
- {column: dose, between: {min: 0, strict_min: true}, mostly: 0.99, description: no negative dose}
- {column: born, between: [1900-01-01, 2030-12-31]}
)");
  REQUIRE(list.size() == 15);
  CHECK(list[0].min == 18.0);
  CHECK(list[0].max == 100.0);
  CHECK(list[0].name == "age_between");
  CHECK(list[1].mostly == 0.95);
  CHECK(list[1].severity == Severity::kWarn);
  CHECK(list[3].columns == std::vector<std::string>{"site", "id"});
  CHECK(list[3].name == "site_id_unique");
  CHECK(list[5].name == "sex_in_set_2");
  CHECK(list[5].mostly == 0.9);
  CHECK(list[6].type == ValueType::kInteger);
  CHECK(list[7].pattern == "^A");
  CHECK(list[8].name == "pressure");
  CHECK(list[9].min == 100.0);
  CHECK(!list[9].max);
  CHECK(list[10].max == 303.0);
  CHECK(list[11].columns == std::vector<std::string>{"seen"});
  CHECK(list[11].within_seconds == 7 * 86400);
  CHECK(list[12].within_seconds == 36 * 3600);
  CHECK(list[13].strict_min);
  CHECK(list[13].mostly == 0.99);
  CHECK(list[14].is_time);
  CHECK(list[4].where.line == 6);
}

TEST_CASE("one item may hold several rules") {
  const auto list = Parse("- {column: age, not_null: true, between: [18, 100], severity: warn}");
  REQUIRE(list.size() == 2);
  CHECK(list[0].name == "age_not_null");
  CHECK(list[1].name == "age_between");
  CHECK(list[1].severity == Severity::kWarn);
}

TEST_CASE("YAML that is written reads back as the same rules") {
  const auto list = Parse(R"(
- {column: age, between: [18, 100]}
- {column: dose, between: {max: 3.5, strict_max: true}, mostly: 0.99, severity: warn}
- {column: born, between: [1900-01-01, "2030-12-31T12:30:00Z"]}
- {columns: [site, "a: b"], unique: true}
- {column: "yes", in_set: ["true", 1, 01, "it's", "a, b", "", "line\nbreak"]}
- {column: code, regex: '^\d{2}"[^'']+$', description: "as printed: on the tube"}
- {expression: "a > 0 OR b = 'x'", name: both}
- {row_count: {min: 5, max: 10}}
- {column: seen, freshness: 90m}
)");
  std::string text;
  for (const Expectation& e : list) text += "- " + ToYaml(e) + "\n";
  INFO(text);
  const auto again = Parse(text);
  REQUIRE(again.size() == list.size());
  for (size_t i = 0; i < list.size(); ++i) {
    CHECK(ToYaml(again[i]) == ToYaml(list[i]));
    CHECK(again[i].columns == list[i].columns);
    CHECK(again[i].values == list[i].values);
    CHECK(again[i].pattern == list[i].pattern);
    CHECK(again[i].min == list[i].min);
    CHECK(again[i].max == list[i].max);
    CHECK(again[i].within_seconds == list[i].within_seconds);
    CHECK(again[i].description == list[i].description);
  }
}

TEST_CASE("bad rules name the place, the value and the remedy") {
  CHECK(Has(ErrorOf("- {column: age, betwen: [1, 2]}"), "rules.yaml:1:"));
  CHECK(Has(ErrorOf("- {column: age, betwen: [1, 2]}"), "between"));
  CHECK(Has(ErrorOf("- {column: age}"), "expects nothing"));
  CHECK(Has(ErrorOf("- {between: [1, 2]}"), "needs 'column'"));
  CHECK(Has(ErrorOf("\n- {column: age, between: [1, x]}"), "rules.yaml:2:"));
  CHECK(Has(ErrorOf("- {column: age, between: [5, 2]}"), "min is greater than max"));
  CHECK(Has(ErrorOf("- {column: age, between: {}}"), "neither min nor max"));
  CHECK(Has(ErrorOf("- {column: age, between: [1, 2024-01-01]}"), "the other a time"));
  CHECK(Has(ErrorOf("- {column: age, type: numbr}"), "number"));
  CHECK(Has(ErrorOf("- {column: age, not_null: {mostly: 95}}"), "a share from 0 to 1"));
  CHECK(Has(ErrorOf("- {column: age, not_null: {most: 1}}"), "mostly"));
  CHECK(Has(ErrorOf("- {column: age, unique: false}"), "expects nothing"));
  CHECK(Has(ErrorOf("- {column: age, severity: warning, unique: true}"), "warn"));
  CHECK(Has(ErrorOf("- {row_count: {min: 1}, mostly: 0.5}"), "no meaning"));
  CHECK(Has(ErrorOf("- {row_count: {min: 1, mostly: 0.5}}"), "mostly"));
  CHECK(Has(ErrorOf("- {column: a, expression: 'a > 0'}"), "takes no column"));
  CHECK(Has(ErrorOf("- {expression: 'a > '}"), "rules.yaml:1:"));
  CHECK(Has(ErrorOf("- {columns: [a, b], between: [0, 1]}"), "one column"));
  CHECK(Has(ErrorOf("- {column: a, freshness: 7 suns}"), "rules.yaml:1:"));
  CHECK(Has(ErrorOf("- {column: a, unique: true, name: x}\n- {column: b, unique: true, name: x}"),
            "used twice"));
  CHECK(Has(ErrorOf("expectation: []"), "expectations"));
  CHECK(Has(ErrorOf("- age"), "an expectation is a map"));
}

TEST_CASE("unknown columns are found before any data is read") {
  const std::vector<std::string> known = {"age", "chol"};
  const auto list = Parse("- {column: age, unique: true}\n- {expression: 'chool > 0'}");
  const auto status = ValidateExpectations(list, known);
  REQUIRE(!status.has_value());
  CHECK(Has(status.error().ToString(), "chol"));
  CHECK(status.error().where.line == 2);
  CHECK(ValidateExpectations(Parse("- {expression: 'chol > age'}"), known).has_value());
}

TEST_CASE("rules in words") {
  const auto words = [](std::string_view text) { return Describe(Parse(text).at(0)); };
  CHECK(words("- {column: a, between: [1, 7]}") == "a is between 1 and 7");
  CHECK(words("- {column: a, between: {min: 1, strict_min: true}}") == "a is greater than 1");
  CHECK(words("- {column: a, between: {min: 1, max: 3, strict_max: true}}") ==
        "a is at least 1 and less than 3");
  CHECK(words("- {row_count: {min: 5}}") == "the number of rows is at least 5");
  CHECK(words("- {column: t, freshness: 48h}") == "the newest t is at most 2d old");
  CHECK(words("- {columns: [a, b], unique: true}") == "(a, b) occurs once");
}

}  // namespace
}  // namespace quern::data
