#include "data/check.h"

#include <doctest/doctest.h>

#include <boost/json.hpp>

#include "data/heart_test.h"

namespace quern::data {
namespace {

using table::Session;

std::vector<Expectation> Rules(std::string_view text) {
  auto parsed = ParseExpectationsText(text, "rules.yaml");
  REQUIRE_MESSAGE(parsed.has_value(), parsed.error().ToString());
  return *parsed;
}

CheckReport Run(Session& session, std::string_view rules, const CheckOptions& options = {}) {
  auto report = Check(session, "t", Rules(rules), options);
  REQUIRE_MESSAGE(report.has_value(), report.error().ToString());
  return *report;
}

TEST_CASE("Switzerland's cholesterol of 0 and Hungary's empty columns are seen") {
  const char* rules = R"(
- {column: chol, between: {min: 0, strict_min: true}}
- {column: ca, not_null: {mostly: 0.5}, severity: warn}
- {column: thal, not_null: {mostly: 0.5}, severity: warn}
)";
  const auto swiss = Run(*Hospital("switzerland"), rules);
  CHECK(!swiss.success);
  CHECK(swiss.rows == 123);
  CHECK(swiss.checks[0].failed == 123);
  CHECK(swiss.checks[0].text == "chol is greater than 0: 123 of 123 values are not (0, 0, 0, …)");
  CHECK(swiss.checks[0].examples.size() == 20);
  CHECK(swiss.checks[0].examples[19].row == 20);
  CHECK(swiss.checks[0].observed == "0 to 0");
  const auto hungary = Run(*Hospital("hungarian"), rules);
  CHECK(hungary.success);  // the empty columns only warn
  CHECK(hungary.checks[0].success);
  CHECK(!hungary.checks[1].success);
  CHECK(hungary.checks[1].failed == 291);
  CHECK(hungary.checks[2].failed == 266);
  CHECK(hungary.checks[1].text ==
        "ca is present: 291 of 294 values are missing; that is 99 %, up to 50 % is allowed");
  const auto cleveland = Run(*Hospital("cleveland"), rules);
  CHECK(cleveland.success);
  CHECK(cleveland.scores.completeness.value.value() == doctest::Approx(1 - 6.0 / (303 * 14)));
}

TEST_CASE("missing values are ignored but by not_null, and nothing to look at passes") {
  auto session = OpenWith(
      "CREATE TABLE t AS SELECT * FROM (VALUES (1, 5.0, ' ', NULL::VARCHAR), "
      "(2, 'nan'::DOUBLE, 'x', NULL), (3, 9.0, 'y', NULL)) v(id, a, b, c)");
  CheckOptions options;
  options.key_columns = {"id"};
  const auto report = Run(*session, R"(
- {column: a, between: [0, 6], mostly: 0.5}
- {column: a, not_null: true}
- {column: b, in_set: [x]}
- {column: b, not_null: true}
- {column: c, in_set: [q]}
)",
                          options);
  CHECK(report.checks[0].evaluated == 2);
  CHECK(report.checks[0].failed == 1);
  CHECK(report.checks[0].success);
  CHECK(report.checks[0].examples[0].row == 3);
  CHECK(table::ToText(report.checks[0].examples[0].key[0].second) == "3");
  CHECK(report.checks[1].failed == 1);
  CHECK(report.checks[2].observed == "y");
  CHECK(report.checks[3].failed == 1);
  CHECK(report.checks[4].evaluated == 0);
  CHECK(report.checks[4].success);
  CHECK(report.checks[4].text == "c is one of q: nothing to look at, missing in all 3 rows");
  CHECK(!report.success);
  CHECK(report.scores.completeness.value.value() == doctest::Approx(1 - 5.0 / 12));
}

TEST_CASE("numbers are compared as numbers, in text columns too") {
  auto session = OpenWith(
      "CREATE TABLE t AS SELECT * FROM (VALUES ('1', 1.0, true), ('01', 2.0, false), "
      "('1.0', 3.0, true), ('b', NULL, NULL)) v(s, d, f)");
  const auto report = Run(*session, R"(
- {column: s, in_set: [1, b]}
- {column: d, in_set: [1, "2.0", three]}
- {column: f, in_set: ["true"]}
- {column: s, type: number}
- {column: s, type: integer}
- {column: d, type: integer}
- {column: d, type: text}
- {column: f, type: boolean}
- {column: d, regex: '^[12]$'}
- {column: s, between: [0, 2]}
)");
  const int64_t failed[] = {0, 1, 1, 1, 1, 0, 3, 0, 1, 1};
  for (size_t i = 0; i < report.checks.size(); ++i) {
    INFO(report.checks[i].text);
    CHECK(report.checks[i].failed == failed[i]);
  }
}

TEST_CASE("unique counts every row of a repeated value, over several columns too") {
  auto session = OpenWith(
      "CREATE TABLE t AS SELECT * FROM (VALUES (1, 'a'), (1, 'a'), (1, 'b'), (2, NULL), (3, 'c')) "
      "v(x, y)");
  const auto report =
      Run(*session, "- {column: x, unique: true}\n- {columns: [x, y], unique: {mostly: 0.4}}");
  CHECK(report.checks[0].failed == 3);
  CHECK(report.checks[0].evaluated == 5);
  CHECK(report.checks[0].observed == "3 distinct of 5");
  REQUIRE(report.checks[0].examples.size() == 3);
  CHECK(report.checks[0].examples[2].row == 3);
  CHECK(report.checks[1].failed == 2);
  CHECK(report.checks[1].evaluated == 4);
  CHECK(report.checks[1].success);
  CHECK(
      report.checks[1].text ==
      "(x, y) occurs once: 2 of 4 occur more than once (x = 1, y = a, x = 1, y = a); that is 50 %, "
      "up to 60 % is allowed");
}

TEST_CASE("a rule on many columns names rows, not values, in its sentence") {
  auto session = OpenWith("CREATE TABLE t AS SELECT 1 AS a, 2 AS b, 3 AS c FROM range(2)");
  const auto report = Run(*session, "- {columns: [a, b, c], unique: true}");
  CHECK(report.checks[0].text ==
        "(a, b, c) occurs once: 2 of 2 occur more than once (row 1, row 2)");
  CHECK(report.checks[0].examples[0].value.size() == 3);
}

TEST_CASE("expressions, row counts and freshness") {
  auto session = OpenWith(
      "CREATE TABLE t AS SELECT * FROM (VALUES (5, 3, TIMESTAMP '2026-01-01 00:00:00'), "
      "(2, 4, TIMESTAMP '2026-01-03 12:00:00'), (NULL, 1, NULL)) v(a, b, seen)");
  auto now = ParseTime("2026-01-05T12:00:00Z");
  const ManualClock clock(*now);
  CheckOptions options;
  options.clock = &clock;
  const char* rules = R"(
- {expression: "a >= b"}
- {row_count: {min: 4}}
- {column: seen, freshness: 2d}
- {column: seen, freshness: 47h}
- {column: seen, between: [2026-01-02, 2026-12-31]}
)";
  const auto report = Run(*session, rules, options);
  CHECK(report.checks[0].evaluated == 2);
  CHECK(report.checks[0].text == "a >= b: false in 1 of 2 rows (row 2: a = 2, b = 4)");
  CHECK(report.checks[1].failed == 1);
  CHECK(report.checks[1].text == "the number of rows is at least 4: there are 3");
  CHECK(report.checks[2].success);
  CHECK(!report.checks[3].success);
  CHECK(report.checks[4].failed == 1);
  CHECK(report.scores.timeliness.value == 0.5);
  CHECK(report.scores.consistency.value == 0.5);
  CHECK(report.scores.validity.value == 0.5);
  const auto none = Run(*session, "- {row_count: {min: 1}}");
  CHECK(!none.scores.timeliness.value);
  CHECK(none.scores.timeliness.formula.find("no freshness rule") != std::string::npos);
}

TEST_CASE("rules that do not fit the table are errors at their place") {
  auto session =
      OpenWith("CREATE TABLE t AS SELECT 1 AS age, 'x' AS name, DATE '2026-01-01' AS born");
  const auto error = [&](std::string_view rules) {
    auto report = Check(*session, "t", Rules(rules));
    REQUIRE(!report.has_value());
    CHECK(report.error().where.line == 1);
    return report.error().ToString();
  };
  CHECK(error("- {column: agee, unique: true}").find("did you mean 'age'") != std::string::npos);
  CHECK(error("- {expression: 'agee > 1'}").find("age") != std::string::npos);
  CHECK(error("- {expression: 'age + 1'}").find("not a condition") != std::string::npos);
  CHECK(error("- {column: name, regex: '(['}").find("does not parse") != std::string::npos);
  CHECK(error("- {column: born, between: [1, 2]}").find("bounds") != std::string::npos);
  CHECK(error("- {column: age, between: [2024-01-01, null]}").find("times") != std::string::npos);
  CHECK(error("- {column: age, freshness: 1d}").find("not a time") != std::string::npos);
  CheckOptions options;
  options.key_columns = {"nam"};
  CHECK(!Check(*session, "t", {}, options).has_value());
}

TEST_CASE("an empty table and an empty list make a report too") {
  auto session = OpenWith("CREATE TABLE t (a DOUBLE, \"odd \"\" name\" VARCHAR)");
  const auto report =
      Run(*session, "- {column: a, not_null: true}\n- {column: a, between: [0, 1]}");
  CHECK(report.success);
  CHECK(report.checks[0].text == "a is present: the table has no rows");
  CHECK(!report.scores.completeness.value);
  CHECK(Run(*session, "[]").success);
}

TEST_CASE("the record has the contract's keys") {
  CheckOptions options;
  options.source = "switzerland";
  const auto report = Run(*Hospital("switzerland"), "- {column: chol, between: [1, 700]}", options);
  const json::value record = ToJson(report);
  CHECK(record.at("source").as_string() == "switzerland");
  CHECK(!record.at("success").as_bool());
  const json::value& check = record.at("checks").as_array()[0];
  for (const char* key : {"name", "kind", "column", "dimension", "severity", "mostly", "success",
                          "evaluated", "failed", "share", "observed", "text", "examples"}) {
    CHECK_MESSAGE(check.as_object().contains(key), key);
  }
  CHECK(check.at("text").as_string() ==
        "chol is between 1 and 700: 123 of 123 values are not (0, 0, 0, …)");
  CHECK(check.at("examples").as_array()[0].at("value").as_int64() == 0);
  for (const char* score : {"completeness", "validity", "consistency", "timeliness"}) {
    CHECK_MESSAGE(record.at("scores").at(score).as_object().contains("formula"), score);
  }
  CHECK(record.at("scores").at("timeliness").at("value").is_null());
}

}  // namespace
}  // namespace quern::data
