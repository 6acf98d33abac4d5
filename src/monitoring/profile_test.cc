#include "monitoring/profile.h"

#include <doctest/doctest.h>

#include <boost/json.hpp>

#include "monitoring/heart_fixture.h"

namespace quern::monitoring {
namespace {

TEST_CASE("a profile goes through JSON and gives the verdicts of the rows") {
  const Frame reference = LoadHospital("cleveland");
  const ReferenceProfile built = BuildProfile(reference, HeartOptions());
  CHECK(built.columns.size() == 13);
  const std::string text = WriteJson(ProfileRecord(built));
  CHECK(text.size() < 60000);
  const auto read = ReadProfile(*ParseJson(text));
  REQUIRE(read.has_value());
  REQUIRE(read->columns.size() == built.columns.size());
  for (size_t i = 0; i < built.columns.size(); ++i) {
    CHECK(read->columns[i].kind == built.columns[i].kind);
    CHECK(read->columns[i].labels == built.columns[i].labels);
    CHECK(read->columns[i].counts == built.columns[i].counts);
    CHECK(read->columns[i].missing == built.columns[i].missing);
    REQUIRE(read->columns[i].edges.size() == built.columns[i].edges.size());
    for (size_t e = 0; e < built.columns[i].edges.size(); ++e) {
      CHECK(read->columns[i].edges[e] == doctest::Approx(built.columns[i].edges[e]).epsilon(1e-12));
    }
  }
  for (const char* hospital : {"cleveland", "hungarian", "switzerland", "va"}) {
    const Frame current = LoadHospital(hospital);
    const auto by_profile = CompareToProfile(*read, current, HeartOptions());
    const auto by_rows = CompareFrames(reference, current, HeartOptions());
    REQUIRE(by_profile.has_value());
    REQUIRE(by_profile->columns.size() == by_rows->columns.size());
    for (size_t i = 0; i < by_rows->columns.size(); ++i) {
      const ColumnDrift& p = by_profile->columns[i];
      const ColumnDrift& r = by_rows->columns[i];
      INFO(hospital, " ", p.column);
      CHECK(p.drifted == r.drifted);
      CHECK(p.missing.current == r.missing.current);
      REQUIRE(p.tests.size() == r.tests.size());
      if (p.kind == ColumnKind::kNumber) continue;
      for (size_t t = 0; t < p.tests.size(); ++t) {
        CHECK(p.tests[t].statistic == doctest::Approx(r.tests[t].statistic));
      }
    }
  }
}

TEST_CASE("values outside of the frozen edges, new categories and absent columns are seen") {
  std::vector<double> values;
  for (int i = 0; i < 3000; ++i) values.push_back(i / 3000.0);
  std::vector<std::string> texts(3000, "a");
  for (size_t i = 0; i < 1500; ++i) texts[i] = "b";
  const Frame reference{
      {{"x", false, values, {}}, {"c", true, {}, texts}, {"gone", false, values, {}}}};
  const ReferenceProfile profile = BuildProfile(reference, {});
  CHECK(profile.columns[0].sample.size() == 1000);
  CHECK(profile.columns[0].sample.front() == values.front());
  CHECK(profile.columns[0].sample.back() == values.back());
  for (double& v : values) v += 5;
  for (size_t i = 0; i < 600; ++i) texts[i] = "new";
  const auto report = CompareToProfile(
      profile, {{{"x", false, values, {}}, {"c", true, {}, texts}, {"extra", false, values, {}}}},
      {});
  REQUIRE(report.has_value());
  CHECK(report->columns[0].drifted);
  CHECK(report->columns[0].picture.current.back() == 1);
  CHECK(report->columns[1].drifted);
  REQUIRE(report->columns[1].new_categories.size() == 1);
  CHECK(report->columns[1].new_categories[0].share == doctest::Approx(0.2));
  CHECK(report->columns[2].presence == Presence::kReferenceOnly);
  CHECK(report->columns[2].drifted);
  CHECK(report->columns[3].presence == Presence::kCurrentOnly);
  CHECK_FALSE(CompareToProfile(profile, {}, {}).has_value());
}

TEST_CASE("damaged profiles are refused with what is wrong") {
  for (
      const char* text :
      {"[]", "{}", R"({"columns":[1]})", R"({"columns":[{"column":"x"}]})",
       R"({"columns":[{"column":"x","type":"number","rows":3,"missing":0,"edges":[0,1],"counts":[1]}]})",
       R"({"columns":[{"column":"x","type":"number","rows":3,"missing":9,"labels":[],"counts":[3]}]})",
       R"({"columns":[{"column":"x","type":"category","rows":3,"missing":0,"labels":[1],"counts":[3,0]}]})"}) {
    const auto read = ReadProfile(*ParseJson(text));
    REQUIRE_FALSE(read.has_value());
    CHECK(read.error().code == Code::kDataLoss);
  }
}

}  // namespace
}  // namespace quern::monitoring
