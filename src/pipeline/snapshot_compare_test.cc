#include "pipeline/snapshot_compare.h"

#include <doctest/doctest.h>

#include <boost/json.hpp>
#include <filesystem>

#include "base/ids.h"
#include "base/json_read.h"
#include "table/session.h"

namespace quern::pipeline {
namespace {

/// Snapshots of tables that SQL makes.
struct Snapshots {
  std::string dir = (std::filesystem::temp_directory_path() / ("snapshots-" + NewHexId())).string();
  std::unique_ptr<table::Session> session = *table::Session::Open();

  Snapshots() { std::filesystem::create_directories(dir); }
  ~Snapshots() { std::filesystem::remove_all(dir); }

  json::value Make(const std::string& name, const std::string& select,
                   const std::vector<std::pair<std::string, std::string>>& columns) {
    REQUIRE(session->Execute("COPY (" + select + ") TO " +
                             table::QuoteText(dir + "/" + name + ".parquet") +
                             " (FORMAT parquet)"));
    json::array listed;
    for (const auto& [column, type] : columns) {
      listed.push_back(json::object{
          {"name", column}, {"type", type}, {"physical", type == "number" ? "DOUBLE" : "VARCHAR"}});
    }
    return json::object{
        {"digest", name}, {"snapshot", name + ".parquet"}, {"columns", std::move(listed)}};
  }
  Result<json::value> Compare(const json::value& before, const json::value& after,
                              const std::string& key) {
    SnapshotCompareOptions options;
    options.key = key;
    return CompareSnapshots(before, after, dir, options, RealFs());
  }
};

const std::vector<std::pair<std::string, std::string>> kColumns = {
    {"id", "number"}, {"age", "number"}, {"sex", "category"}};

}  // namespace

TEST_CASE("rows that came, went and changed are counted by key or by content") {
  Snapshots made;
  // 100 rows; later 10 are gone, 5 are new, 3 have another age, one of them a missing one.
  const json::value before = made.Make(
      "a",
      "SELECT i AS id, 20 + i % 50 AS age, CASE WHEN i % 2 = 0 THEN 'f' ELSE 'm' END AS sex "
      "FROM range(100) t(i)",
      kColumns);
  const json::value after = made.Make(
      "b",
      "SELECT CAST(i AS DOUBLE) AS id, CASE WHEN i = 50 THEN NULL WHEN i IN (60, 70) THEN 99 "
      "ELSE 20 + i % 50 END AS age, CASE WHEN i % 2 = 0 THEN 'f' ELSE 'm' END AS sex "
      "FROM range(10, 105) t(i)",
      kColumns);
  const auto keyed = made.Compare(before, after, "id");
  REQUIRE(keyed);
  CHECK(NumberAt(*keyed, "/rows/before") == 100);
  CHECK(NumberAt(*keyed, "/rows/after") == 95);
  CHECK(NumberAt(*keyed, "/rows/added") == 5);
  CHECK(NumberAt(*keyed, "/rows/removed") == 10);
  CHECK(NumberAt(*keyed, "/rows/changed") == 3);
  CHECK(ListAt(*keyed, "/drift/columns").size() == 2);  // a key drifts by nature
  const auto content = made.Compare(before, after, "");
  REQUIRE(content);
  CHECK(NumberAt(*content, "/rows/added") == 8);
  CHECK(NumberAt(*content, "/rows/removed") == 13);
  CHECK(At(*content, "/rows/changed").is_null());
  const auto same = made.Compare(before, before, "");
  CHECK(NumberAt(*same, "/rows/added") == 0);
  CHECK(NumberAt(*same, "/rows/removed") == 0);
}

TEST_CASE("columns that one side lacks or has with another type are not compared by row") {
  Snapshots made;
  const json::value before = made.Make("a", "SELECT i AS id, 'x' AS age FROM range(30) t(i)",
                                       {{"id", "number"}, {"age", "category"}});
  const json::value after = made.Make("b", "SELECT i AS id, i AS age, i AS new FROM range(30) t(i)",
                                      {{"id", "number"}, {"age", "number"}, {"new", "number"}});
  const auto compared = made.Compare(before, after, "");
  REQUIRE(compared);
  CHECK(WriteJson(At(*compared, "/rows/columns")) == R"(["id"])");
  CHECK(NumberAt(*compared, "/rows/added") == 0);
  CHECK(ListAt(*compared, "/drift/columns").size() == 3);
}

TEST_CASE("a snapshot whose rows are gone is told by its digest") {
  Snapshots made;
  const json::value before = made.Make("a", "SELECT 1 AS id", {{"id", "number"}});
  const json::value gone = json::object{{"digest", "0123456789abcdef"},
                                        {"snapshot", "tables/gone.parquet"},
                                        {"columns", json::array()}};
  const auto compared = made.Compare(before, gone, "");
  REQUIRE_FALSE(compared);
  CHECK(compared.error().code == Code::kNotFound);
  CHECK(compared.error().message == "the rows of snapshot 0123456789ab are gone");
  const json::value other = made.Make("c", "SELECT 1 AS other", {{"other", "number"}});
  CHECK(made.Compare(before, other, "").error().code == Code::kFailedPrecondition);
}

}  // namespace quern::pipeline
