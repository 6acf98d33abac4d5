#include "monitoring/drift.h"

#include <doctest/doctest.h>

#include <boost/json.hpp>
#include <cmath>

#include "base/json.h"
#include "base/random.h"
#include "monitoring/heart_fixture.h"
#include "monitoring/record.h"

namespace quern::monitoring {
namespace {

const ColumnDrift& Of(const DriftReport& report, std::string_view name) {
  for (const ColumnDrift& column : report.columns) {
    if (column.column == name) return column;
  }
  FAIL("no column " << name);
  return report.columns.front();
}

Column Numbers(const std::string& name, std::vector<double> values) {
  return {name, false, std::move(values), {}};
}
Column Texts(const std::string& name, std::vector<std::string> values) {
  return {name, true, {}, std::move(values)};
}

std::vector<double> Normals(size_t n, double shift, uint64_t seed) {
  Rng rng(seed);
  std::vector<double> out(n);
  for (double& v : out) v = rng.Normal() + shift;
  return out;
}

Frame Repeated(const std::vector<std::pair<std::string, int>>& counts) {
  std::vector<std::string> values;
  for (const auto& [value, count] : counts)
    values.insert(values.end(), static_cast<size_t>(count), value);
  return {{Texts("c", values)}};
}

TEST_CASE("hospitals: every score agrees with NumPy and SciPy") {
  const auto text = RealFs().Read(QUERN_SOURCE_DIR "/tests/parity/data/monitoring.json");
  REQUIRE(text.has_value());
  const auto expected = ParseJson(*text);
  REQUIRE(expected.has_value());
  const Frame reference = LoadHospital("cleveland");
  REQUIRE(reference.rows() == 303);
  for (const auto& [hospital, columns] : expected->as_object()) {
    const auto report =
        CompareFrames(reference, LoadHospital(std::string(hospital)), HeartOptions());
    REQUIRE(report.has_value());
    for (const auto& [name, scores] : columns.as_object()) {
      INFO("hospital ", std::string(hospital), ", column ", std::string(name));
      const ColumnDrift& column = Of(*report, std::string(name));
      const json::object& wanted = scores.as_object();
      CHECK(column.missing.reference ==
            doctest::Approx(wanted.at("missing").at(0).to_number<double>()));
      CHECK(column.missing.current ==
            doctest::Approx(wanted.at("missing").at(1).to_number<double>()));
      CHECK(column.tests.size() == wanted.size() - 1);
      for (const TestScore& test : column.tests) {
        INFO("test ", test.name);
        const json::value* value = wanted.if_contains(test.name);
        REQUIRE(value != nullptr);
        if (value->is_array()) {
          CHECK(test.statistic == doctest::Approx(value->at(0).to_number<double>()).epsilon(1e-9));
          CHECK(test.p_value == doctest::Approx(value->at(1).to_number<double>()).epsilon(1e-8));
        } else {
          CHECK(test.statistic == doctest::Approx(value->to_number<double>()).epsilon(1e-9));
          CHECK(std::isnan(test.p_value));
        }
      }
    }
  }
}

TEST_CASE("hospitals: verdicts see the shifts that are known, and none in Cleveland's halves") {
  const Frame reference = LoadHospital("cleveland");
  const auto hungarian = CompareFrames(reference, LoadHospital("hungarian"), HeartOptions());
  const auto swiss = CompareFrames(reference, LoadHospital("switzerland"), HeartOptions());
  REQUIRE(hungarian.has_value());
  REQUIRE(swiss.has_value());
  for (const char* name : {"slope", "ca", "thal"}) CHECK(Of(*hungarian, name).missing.drifted);
  CHECK(Of(*hungarian, "age").values_drifted);
  CHECK_FALSE(Of(*hungarian, "exang").drifted);
  CHECK(hungarian->dataset.drifted);
  CHECK(Of(*swiss, "chol").reason.find("median 241 -> 0") != std::string::npos);
  CHECK_FALSE(Of(*swiss, "age").drifted);

  std::vector<uint32_t> even;
  std::vector<uint32_t> odd;
  for (uint32_t row = 0; row < reference.rows(); ++row) (row % 2 ? odd : even).push_back(row);
  const auto halves = CompareFrames(reference.Take(even), reference.Take(odd), HeartOptions());
  CHECK(halves->dataset.drifted_columns == 0);
  CHECK_FALSE(halves->dataset.drifted);
}

TEST_CASE("big data does not drift by a hair, small data not by chance") {
  DriftOptions options;
  const Frame big{{Numbers("x", Normals(20000, 0, 1))}};
  const auto hair = CompareFrames(big, {{Numbers("x", Normals(20000, 0.06, 2))}}, options);
  CHECK(hair->columns[0].tests[0].name == "wasserstein");
  CHECK(hair->columns[0].adjusted_p_value < 0.05);
  CHECK_FALSE(hair->columns[0].drifted);
  CHECK(hair->columns[0].reason.find("real but small") != std::string::npos);
  const auto moved = CompareFrames(big, {{Numbers("x", Normals(20000, 0.3, 2))}}, options);
  CHECK(moved->columns[0].drifted);
  const Frame few{{Numbers("x", Normals(12, 0, 1))}};
  const auto chance = CompareFrames(few, {{Numbers("x", Normals(12, 0.2, 5))}}, options);
  CHECK(chance->columns[0].tests[0].name == "ks");
  CHECK_FALSE(chance->columns[0].drifted);
  const auto tiny = CompareFrames(few, {{Numbers("x", {9, 9, 9})}}, options);
  CHECK_FALSE(tiny->columns[0].drifted);
  CHECK(std::isnan(tiny->columns[0].adjusted_p_value));
  CHECK(tiny->columns[0].reason.find("too few") != std::string::npos);
}

TEST_CASE("a column that one side lacks, or has empty, is reported") {
  const double nan = std::nan("");
  const Frame reference{{Numbers("a", Normals(50, 0, 1)), Numbers("b", Normals(50, 0, 2)),
                         Numbers("e", std::vector<double>(50, nan))}};
  const Frame current{{Numbers("a", std::vector<double>(40, nan)), Numbers("n", Normals(40, 0, 3)),
                       Numbers("e", std::vector<double>(40, nan))}};
  const auto report = CompareFrames(reference, current, {});
  REQUIRE(report.has_value());
  const ColumnDrift& a = Of(*report, "a");
  CHECK(a.missing.current == 1);
  CHECK(a.missing.drifted);
  CHECK(a.drifted);
  CHECK_FALSE(a.values_drifted);
  CHECK(a.tests.empty());
  CHECK(a.picture.reference.size() == a.picture.current.size());
  const ColumnDrift& b = Of(*report, "b");
  CHECK(b.presence == Presence::kReferenceOnly);
  CHECK(b.drifted);
  const ColumnDrift& n = Of(*report, "n");
  CHECK(n.presence == Presence::kCurrentOnly);
  CHECK_FALSE(n.drifted);
  CHECK_FALSE(Of(*report, "e").drifted);
  CHECK(report->dataset.columns == 3);
  CHECK(report->dataset.drifted_columns == 2);
}

TEST_CASE("categories are compared by number where the reference holds numbers") {
  const auto report = CompareFrames(Repeated({{"1.0", 40}, {"2", 60}}),
                                    Repeated({{"1", 35}, {"02", 55}, {" x ", 10}}), {});
  REQUIRE(report.has_value());
  const ColumnDrift& c = report->columns[0];
  CHECK(c.picture.labels == std::vector<std::string>{"1", "2", "x"});
  REQUIRE(c.new_categories.size() == 1);
  CHECK(c.new_categories[0].value == "x");
  CHECK(c.new_categories[0].share == doctest::Approx(0.1));
  CHECK(c.reason.find("'x' is new (10 %)") != std::string::npos);
  const Frame numbers{{Numbers("c", {1, 1, 2, 2, 2})}};
  const auto mixed = CompareFrames(Repeated({{"1", 2}, {"2", 3}}), numbers, {});
  CHECK(mixed->columns[0].new_categories.empty());
}

TEST_CASE(
    "rare pairs use Fisher's exact test, many categories are drawn as the largest and the rest") {
  const auto rare =
      CompareFrames(Repeated({{"a", 98}, {"b", 2}}), Repeated({{"a", 40}, {"b", 1}}), {});
  CHECK(rare->columns[0].tests[0].name == "fisher");
  std::vector<std::pair<std::string, int>> many;
  for (int i = 0; i < 50; ++i) many.emplace_back("v" + std::to_string(i), i < 5 ? 20 : 2);
  const auto wide = CompareFrames(Repeated(many), Repeated(many), {});
  CHECK(wide->columns[0].picture.labels.size() == 31);
  CHECK(wide->columns[0].picture.labels.back() == "(other)");
}

TEST_CASE("a declared test decides; unknown names say what is known") {
  const Frame reference = LoadHospital("cleveland");
  const Frame current = LoadHospital("va");
  for (const std::string& name : DriftTestNames(ColumnKind::kNumber)) {
    DriftOptions options = HeartOptions();
    options.numeric = name;
    const auto report = CompareFrames(reference, current, options);
    REQUIRE(report.has_value());
    CHECK(Of(*report, "age").tests[0].name == name);
    CHECK(Of(*report, "thalach").drifted);
  }
  for (const std::string& name : DriftTestNames(ColumnKind::kCategory)) {
    DriftOptions options = HeartOptions();
    options.categorical = name;
    const auto report = CompareFrames(reference, current, options);
    CHECK(Of(*report, "sex").tests[0].name == name);
    CHECK(Of(*report, "sex").drifted);
  }
  DriftOptions strict = HeartOptions();
  strict.thresholds = {{"wasserstein", 2.0}, {"js", 0.8}};
  const auto none = CompareFrames(reference, current, strict);
  CHECK_FALSE(Of(*none, "age").values_drifted);
  CHECK_FALSE(Of(*none, "sex").values_drifted);

  DriftOptions wrong;
  wrong.numeric = "wassertein";
  CHECK(CompareFrames(reference, current, wrong).error().hint.find("wasserstein") !=
        std::string::npos);
  wrong = {};
  wrong.correction = "bhh";
  CHECK_FALSE(CheckDriftOptions(wrong).has_value());
  wrong = {};
  wrong.thresholds = {{"psy", 0.1}};
  CHECK(CheckDriftOptions(wrong).error().hint.find("psi") != std::string::npos);
  wrong = {};
  wrong.drift_share = 1.5;
  CHECK_FALSE(CheckDriftOptions(wrong).has_value());
  CHECK(CompareFrames({}, current, {}).error().code == Code::kInvalidArgument);
  CHECK(CompareFrames(reference, {}, {}).error().code == Code::kInvalidArgument);
}

TEST_CASE("threads change nothing, and the record has the documented members") {
  const Frame reference = LoadHospital("cleveland");
  const Frame current = LoadHospital("hungarian");
  DriftOptions options = HeartOptions();
  const std::string one = WriteJson(DriftRecord(*CompareFrames(reference, current, options)));
  options.threads = 4;
  const std::string four = WriteJson(DriftRecord(*CompareFrames(reference, current, options)));
  CHECK(one == four);
  const auto record = ParseJson(one);
  REQUIRE(record.has_value());
  CHECK(record->at("dataset").at("limit").to_number<double>() == 0.5);
  const json::object& age = record->at("columns").at(0).as_object();
  for (const char* key : {"column", "type", "tests", "adjusted_p_value", "drifted", "reason",
                          "missing", "new_categories", "reference", "current"}) {
    CHECK(age.contains(key));
  }
  CHECK(age.at("type") == "number");
  CHECK(age.at("reference").at("edges").as_array().size() ==
        age.at("reference").at("shares").as_array().size() + 1);
  CHECK(age.at("tests").at(0).at("name") == "ks");
}

TEST_CASE("a model's scores are one column of numbers") {
  const auto same = CompareScores("score", Normals(200, 0, 1), Normals(200, 0, 2), {});
  const auto moved = CompareScores("score", Normals(200, 0, 1), Normals(200, 1, 2), {});
  CHECK_FALSE(same->drifted);
  CHECK(moved->drifted);
  CHECK(moved->column == "score");
}

}  // namespace
}  // namespace quern::monitoring
