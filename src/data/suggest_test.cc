#include "data/suggest.h"

#include <doctest/doctest.h>

#include <algorithm>

#include "data/check.h"

namespace quern::data {
namespace {

std::unique_ptr<table::Session> Open(const std::string& create) {
  auto session = table::Session::Open();
  REQUIRE(session.has_value());
  auto made = (*session)->Execute(create);
  REQUIRE_MESSAGE(made.has_value(), made.error().ToString());
  return std::move(*session);
}

std::vector<Suggestion> Suggest(table::Session& session, const Clock& clock = SystemClock()) {
  auto profile = ProfileTable(session, "t");
  REQUIRE_MESSAGE(profile.has_value(), profile.error().ToString());
  return SuggestExpectations(*profile, {&clock, 30});
}

std::string YamlOf(const std::vector<Suggestion>& suggestions, std::string_view name) {
  for (const Suggestion& one : suggestions) {
    if (one.expectation.name == name) return ToYaml(one.expectation);
  }
  return "";
}

TEST_CASE("what is suggested reads back and holds on the data that it came from") {
  for (const char* name : {"cleveland", "hungarian", "switzerland", "va"}) {
    INFO(name);
    auto session = Open("CREATE TABLE t AS SELECT * FROM read_csv('" QUERN_SOURCE_DIR
                        "/examples/heart/data/processed." +
                        std::string(name) + ".data', header=true, nullstr=['?', ''])");
    const std::string yaml = SuggestionsYaml(Suggest(*session));
    INFO(yaml);
    const auto rules = ParseExpectationsText(yaml, "suggested.yaml");
    REQUIRE_MESSAGE(rules.has_value(), rules.error().ToString());
    CHECK(rules->size() > 20);
    const auto report = Check(*session, "t", *rules);
    REQUIRE(report.has_value());
    for (const CheckOutcome& check : report->checks) CHECK_MESSAGE(check.success, check.text);
  }
}

TEST_CASE("zeros that look like missing values become a warning with a bound above zero") {
  auto session = Open("CREATE TABLE t AS SELECT * FROM read_csv('" QUERN_SOURCE_DIR
                      "/examples/heart/data/processed.va.data', header=true, nullstr=['?', ''])");
  const auto suggestions = Suggest(*session);
  const auto found =
      std::find_if(suggestions.begin(), suggestions.end(),
                   [](const Suggestion& one) { return one.expectation.name == "chol_between"; });
  REQUIRE(found != suggestions.end());
  CHECK(found->expectation.min == 100.0);
  CHECK(found->expectation.severity == Severity::kWarn);
  CHECK(found->expectation.mostly == 0.68);  // Wilson: 144 of 193
  CHECK(found->reason.find("49 values are 0") == 0);
}

TEST_CASE("patterns, sets, keys and freshness") {
  auto session = Open(
      "CREATE TABLE t AS SELECT 'AB-' || (1000 + i) || '.x' AS code, -i AS below, "
      "CASE WHEN i % 2 = 0 THEN 'red' ELSE 'it''s' END AS colour, "
      "TIMESTAMP '2026-01-01' + to_hours(i::INT) AS seen FROM range(200) r(i)");
  auto now = ParseTime("2026-01-12T00:00:00Z");
  const ManualClock clock(*now);
  const auto suggestions = Suggest(*session, clock);
  CHECK(YamlOf(suggestions, "code_regex") ==
        "{column: code, regex: '^[A-Z]{2}-[0-9]{4}\\.[a-z]$'}");
  CHECK(YamlOf(suggestions, "code_unique") == "{column: code, unique: true}");
  CHECK(YamlOf(suggestions, "colour_in_set") ==
        "{column: colour, in_set: ['it''s', red], mostly: 0.99, severity: warn}");
  CHECK(YamlOf(suggestions, "seen_freshness") == "{column: seen, freshness: 6d, severity: warn}");
  CHECK(YamlOf(suggestions, "below_between") == "{column: below, between: [-210, 0]}");
  CHECK(YamlOf(suggestions, "row_count") == "{row_count: {min: 100}, severity: warn}");
  CHECK(ParseExpectationsText(SuggestionsYaml(suggestions), "s.yaml").has_value());
}

}  // namespace
}  // namespace quern::data
