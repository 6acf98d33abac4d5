#include "store/postgres_tables.h"

#include <doctest/doctest.h>

namespace quern::store {

TEST_CASE("tables stand behind those that they refer to") {
  CHECK(InOrderOfReference({"a", "b", "c", "d"}, {{"a", "c"}, {"c", "d"}, {"b", "b"}}) ==
        std::vector<std::string>{"b", "d", "c", "a"});
  CHECK(InOrderOfReference({"a", "b"}, {{"a", "b"}, {"b", "a"}}).size() == 2);
  CHECK(InOrderOfReference({}, {}).empty());
}

TEST_CASE("the description of tables is read as it was written") {
  PostgresTables all;
  all.tables = {{"runs", {"num", "id"}, 7}, {"tags", {"run"}, 0}};
  all.counters = {{"runs", "num", 9}};
  const auto read = PostgresTables::FromJson(all.ToJson(), "tables.json");
  REQUIRE(read);
  REQUIRE(read->tables.size() == 2);
  CHECK(read->tables[0].columns == all.tables[0].columns);
  CHECK(read->tables[0].rows == 7);
  CHECK(read->counters.at(0).value == 9);
  CHECK(PostgresTables::FromJson(R"({"tables": 1})", "t").error().code == Code::kDataLoss);
  CHECK(PostgresTables::FromJson(R"({"tables": [], "counters": [{"table": "x"}]})", "t")
            .error()
            .code == Code::kDataLoss);
}

}  // namespace quern::store
