#include "data/profile.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <boost/json.hpp>
#include <cmath>
#include <map>

#include "base/fs.h"
#include "data/heart_test.h"
#include "data/suggest.h"

namespace quern::data {
namespace {

using table::Session;

/// The types that the reference script gives the columns.
ProfileOptions HeartOptions() {
  ProfileOptions options;
  for (const char* name : {"age", "trestbps", "chol", "thalach", "oldpeak"}) {
    options.types.emplace_back(name, ProfileType::kNumber);
  }
  for (const char* name : {"sex", "cp", "fbs", "restecg", "exang", "slope", "ca", "thal"}) {
    options.types.emplace_back(name, ProfileType::kCategory);
  }
  options.target = ProfileTarget{"disease", "target > 0", "", "", {}};
  return options;
}

TableProfile Run(Session& session, const ProfileOptions& options = {}) {
  auto profile = ProfileTable(session, "t", options);
  REQUIRE_MESSAGE(profile.has_value(), profile.error().ToString());
  return *profile;
}

const Alert* FindAlert(const TableProfile& profile, std::string_view kind,
                       std::string_view column) {
  for (const Alert& alert : profile.alerts) {
    if (alert.kind == kind && alert.column == column) return &alert;
  }
  return nullptr;
}

void Compare(std::optional<double> actual, const json::value& expected, const std::string& what) {
  INFO(what);
  CHECK(actual.has_value() == !expected.is_null());
  if (!actual || expected.is_null()) return;
  CHECK(*actual == doctest::Approx(expected.to_number<double>()).epsilon(1e-9));
}

void CompareColumn(const ColumnProfile& column, const json::value& expected) {
  INFO(column.name);
  CHECK(column.missing == expected.at("missing").as_int64());
  CHECK(column.distinct == expected.at("distinct").as_int64());
  CHECK(column.zeros == expected.at("zeros").as_int64());
  Compare(column.mean, expected.at("mean"), "mean");
  Compare(column.std, expected.at("std"), "std");
  Compare(column.min, expected.at("min"), "min");
  Compare(column.max, expected.at("max"), "max");
  Compare(column.skew, expected.at("skew"), "skew");
  CHECK(column.outliers_iqr == expected.at("iqr").as_int64());
  const json::value& modified = expected.at("modified_z");
  CHECK(column.outliers_modified_z.has_value() == !modified.is_null());
  if (!modified.is_null()) CHECK(column.outliers_modified_z == modified.as_int64());
  const json::array& quantiles = expected.at("quantiles").as_array();
  REQUIRE(column.quantiles.size() == quantiles.size());
  for (size_t i = 0; i < quantiles.size(); ++i) Compare(column.quantiles[i], quantiles[i], "q");
  REQUIRE(column.histogram.has_value());
  const json::array& counts = expected.at("counts").as_array();
  REQUIRE(column.histogram->counts.size() == counts.size());
  for (size_t i = 0; i < counts.size(); ++i) {
    CHECK(column.histogram->counts[i] == counts[i].as_int64());
    Compare(column.histogram->edges[i], expected.at("edges").as_array()[i], "edge");
  }
}

TEST_CASE("profiles of the four hospitals agree with numpy, pandas and SciPy") {
  auto text = RealFs().Read(QUERN_SOURCE_DIR "/tests/parity/data/data_profile.json");
  REQUIRE(text.has_value());
  const auto reference = ParseJson(*text);
  REQUIRE(reference.has_value());
  for (const auto& [name, expected] : reference->at("hospitals").as_object()) {
    INFO(std::string(name));
    const TableProfile profile = Run(*Hospital(name), HeartOptions());
    CHECK(profile.rows == expected.at("rows").as_int64());
    CHECK(profile.duplicate_rows == expected.at("duplicate_rows").as_int64());
    for (const auto& [column, values] : expected.at("columns").as_object()) {
      CompareColumn(*profile.Find(column), values);
    }
    for (const auto& [column, values] : expected.at("categories").as_object()) {
      CHECK(profile.Find(column)->missing == values.at("missing").as_int64());
      CHECK(profile.Find(column)->distinct == values.at("distinct").as_int64());
    }
    std::map<std::string, std::optional<double>> cells;
    for (const Association& one : profile.associations) {
      cells[one.a + "," + one.b + "," + one.measure] = one.value;
      cells[one.b + "," + one.a + "," + one.measure] = one.value;
    }
    for (const auto& [key, value] : expected.at("cells").as_object()) {
      REQUIRE_MESSAGE(cells.contains(key), std::string(key));
      Compare(cells[key], value, std::string(key));
    }
    const json::value& target = expected.at("target");
    for (const TopValue& one : profile.target->classes) {
      if (one.value == "1") CHECK(one.count == target.at("positives").as_int64());
    }
    for (const auto& [column, value] : target.at("relations").as_object()) {
      REQUIRE(profile.Find(column)->target.has_value());
      Compare(profile.Find(column)->target->value, value, std::string(column));
    }
    std::map<std::string, std::optional<double>> phi;
    for (const Association& one : profile.missing_correlation) {
      phi[one.a + "," + one.b] = phi[one.b + "," + one.a] = one.value;
    }
    for (const auto& [key, value] : expected.at("missing_correlation").as_object()) {
      Compare(phi[key], value, "missing " + std::string(key));
    }
  }
}

TEST_CASE("what is wrong with the hospitals is among the alerts") {
  const TableProfile swiss = Run(*Hospital("switzerland"), HeartOptions());
  const Alert* constant = FindAlert(swiss, "constant", "chol");
  REQUIRE(constant != nullptr);
  CHECK(constant == &swiss.alerts.front());
  CHECK(constant->text.find("chol is 0 in all 123 rows") == 0);
  CHECK(FindAlert(swiss, "imbalance", "disease") != nullptr);
  const TableProfile hungary = Run(*Hospital("hungarian"), HeartOptions());
  REQUIRE(FindAlert(hungary, "missing", "ca") != nullptr);
  CHECK(hungary.alerts.front().column == "ca");
  REQUIRE(FindAlert(hungary, "missing", "thal") != nullptr);
  const TableProfile va = Run(*Hospital("va"), HeartOptions());
  REQUIRE(FindAlert(va, "zeros", "chol") != nullptr);
  REQUIRE(FindAlert(va, "zeros", "trestbps") != nullptr);
  CHECK(FindAlert(va, "zeros", "oldpeak") == nullptr);
  CHECK(FindAlert(va, "duplicates", "") != nullptr);
  for (size_t i = 1; i < va.alerts.size(); ++i) {
    CHECK(va.alerts[i - 1].harm >= va.alerts[i].harm);
  }
  const TableProfile cleveland = Run(*Hospital("cleveland"), HeartOptions());
  CHECK(FindAlert(cleveland, "target_leak", "target") == nullptr);  // it is the target's source
  CHECK(cleveland.Find("target")->is_target_source);
}

TEST_CASE("a plain table without declarations or target") {
  auto session = OpenWith(
      "CREATE TABLE t AS SELECT 'AB-' || (1000 + i) AS code, i AS id, i % 3 AS kind, i / 7.0 AS x, "
      "CASE WHEN i % 4 = 0 THEN NULL WHEN i % 2 = 0 THEN 'red' ELSE 'blue' END AS colour, "
      "i % 2 = 0 AS flag, TIMESTAMP '2026-01-01' + to_days(i::INT) AS seen, "
      "CASE WHEN i = 5 THEN '?' ELSE i::VARCHAR END AS mixed, NULL AS nothing, 4 AS four, "
      "CASE WHEN i = 3 THEN 'inf'::DOUBLE ELSE i / 3.0 END AS endless "
      "FROM range(200) r(i)");
  const TableProfile profile = Run(*session);
  const auto type = [&](const char* name) { return ProfileTypeName(profile.Find(name)->type); };
  CHECK(type("code") == "text");
  CHECK(type("id") == "number");
  CHECK(type("kind") == "category");
  CHECK(type("x") == "number");
  CHECK(type("colour") == "category");
  CHECK(type("flag") == "boolean");
  CHECK(type("seen") == "time");
  CHECK(profile.Find("seen")->max_time == "2026-07-19 00:00:00");
  CHECK(profile.Find("code")->shape == "AA-9999");
  CHECK(profile.Find("colour")->missing == 50);
  CHECK(profile.Find("endless")->infinite == 1);
  CHECK(profile.Find("endless")->missing == 0);
  CHECK(FindAlert(profile, "all_missing", "nothing") == &profile.alerts.front());
  CHECK(FindAlert(profile, "id_like", "id") != nullptr);
  CHECK(FindAlert(profile, "id_like", "code") != nullptr);
  CHECK(FindAlert(profile, "constant", "four") != nullptr);
  CHECK(FindAlert(profile, "mixed_types", "mixed") != nullptr);
  CHECK(FindAlert(profile, "infinite", "endless") != nullptr);
  CHECK(FindAlert(profile, "high_correlation", "id") != nullptr);
  CHECK(!profile.target.has_value());
  CHECK(profile.missing_patterns.front().count == 149);
  const json::value record = ToJson(profile);
  CHECK(record.at("target").is_null());
  CHECK(record.at("columns").as_array()[0].at("mean").is_null());
}

TEST_CASE("the rarer of two values is no outlier") {
  auto session = OpenWith(
      "CREATE TABLE t AS SELECT CASE WHEN i < 20 THEN 1.0 ELSE 0.0 END AS pair, "
      "CASE WHEN i < 20 THEN i + 100.0 ELSE i % 7 END AS measured FROM range(200) r(i)");
  ProfileOptions options;
  options.types = {{"pair", ProfileType::kNumber}, {"measured", ProfileType::kNumber}};
  const TableProfile profile = Run(*session, options);
  CHECK(profile.Find("pair")->outliers_iqr == 20);
  CHECK(FindAlert(profile, "outliers", "pair") == nullptr);
  CHECK(FindAlert(profile, "outliers", "measured") != nullptr);
}

TEST_CASE("targets of every task") {
  auto session = OpenWith(
      "CREATE TABLE t AS SELECT i AS n, i % 3 AS three, i * 2.0 AS twice, "
      "CASE WHEN i % 2 = 0 THEN 'a' ELSE 'b' END AS letter FROM range(300) r(i)");
  ProfileOptions options;
  options.target = ProfileTarget{"three", "three", "", "", {}};
  TableProfile profile = Run(*session, options);
  CHECK(profile.target->task == "multiclass");
  CHECK(profile.target->imbalance == doctest::Approx(0).epsilon(1e-9));
  CHECK(profile.Find("letter")->target->measure == "cramers_v");
  CHECK(profile.Find("letter")->target->bins[0].rates.size() == 3);
  options.target = ProfileTarget{"twice", "twice", "", "", {}};
  profile = Run(*session, options);
  CHECK(profile.target->task == "regression");
  CHECK(profile.Find("n")->target->measure == "spearman");
  CHECK(FindAlert(profile, "target_leak", "n") != nullptr);
  CHECK(profile.Find("letter")->target->measure == "correlation_ratio");
  CHECK(profile.Find("letter")->target->bins.size() == 2);
  options.target = ProfileTarget{"big", "n >= 150", "", "", {}};
  profile = Run(*session, options);
  CHECK(profile.target->task == "binary");
  CHECK(profile.target->positive == "1");
  CHECK(profile.Find("letter")->target->bins[0].value == doctest::Approx(0.5));
  options.target = ProfileTarget{"letter", "letter", "binary", "a", {}};
  profile = Run(*session, options);
  CHECK(profile.target->positive == "a");
  options.target = ProfileTarget{"never", "n < 0", "", "", {}};
  CHECK(FindAlert(Run(*session, options), "target_one_class", "never") != nullptr);

  const auto fails = [&](ProfileTarget target) {
    ProfileOptions bad;
    bad.target = std::move(target);
    return !ProfileTable(*session, "t", bad).has_value();
  };
  CHECK(fails({"x", "letterr = 'a'", "", "", {}}));
  CHECK(fails({"three", "three", "binary", "", {}}));
  CHECK(fails({"letter", "letter", "binary", "c", {}}));
  CHECK(fails({"letter", "letter", "bynary", "", {}}));
  ProfileOptions unknown;
  unknown.types.emplace_back("nn", ProfileType::kNumber);
  CHECK(!ProfileTable(*session, "t", unknown).has_value());
}

TEST_CASE("a large table is read as a view and its pairs are sampled") {
  auto session = OpenWith(
      "CREATE TABLE t AS SELECT i AS a, i % 7 AS b, (i * 7919) % 1009 / 10.0 AS c, "
      "i % 11 AS d, i % 5 AS e, i / 3 AS f FROM range(800000) r(i)");
  ProfileOptions options;
  options.pair_work = 42000;
  const TableProfile profile = Run(*session, options);
  CHECK(profile.rows == 800000);
  CHECK(profile.association_rows <= 2000);
  CHECK(profile.association_rows >= 1000);
  CHECK(profile.Find("a")->mean == doctest::Approx(399999.5));
  CHECK(profile.Find("b")->distinct == 7);
  CHECK(profile.duplicate_rows == 0);
  CHECK(!session->Query("SELECT * FROM __quern_profile").has_value());  // nothing stays behind
}

TEST_CASE("an empty table has a profile") {
  auto session = OpenWith("CREATE TABLE t (a DOUBLE, b VARCHAR)");
  const TableProfile profile = Run(*session);
  CHECK(profile.rows == 0);
  CHECK(profile.alerts.front().kind == "empty");
  CHECK(ToJson(profile).at("rows").as_int64() == 0);
  CHECK(SuggestExpectations(profile).empty());
}

}  // namespace
}  // namespace quern::data
