#include "tests/store/engines.h"

#include <doctest/doctest.h>

#include <atomic>

#include "store/open.h"
#include "store/postgres_connection.h"
#include "tests/store/postgres_server.h"

namespace quern::store {

Engine EachEngine() {
  Engine engine = Engine::kSqlite;
  SUBCASE("SQLite") { engine = Engine::kSqlite; }
  if (!PostgresServer::Installed()) {
    MESSAGE("not run on PostgreSQL, which is not installed: run ./dev setup");
    return engine;
  }
  SUBCASE("PostgreSQL") { engine = Engine::kPostgres; }
  return engine;
}

std::string FreshSchema() {
  static std::atomic<int> count{0};
  const std::string schema = "test" + std::to_string(++count);
  const auto libpq = LoadLibpq();
  REQUIRE(libpq);
  const auto connection =
      PostgresConnection::Open(**libpq, {SharedServer().Uri(), "the test's server", "", {}});
  REQUIRE_MESSAGE(connection.has_value(), connection.error().message);
  const Status made = (*connection)->Script("CREATE SCHEMA " + schema);
  REQUIRE(made.has_value());
  return SharedServer().Uri(schema);
}

TestDatabase::TestDatabase(Engine engine)
    : name_(engine == Engine::kSqlite ? dir_.File("quern.db") : FreshSchema()) {
  // Nothing here has to survive a loss of power.
  auto opened = OpenDatabase(name_, RealFs(), Durability::kRelaxed);
  REQUIRE_MESSAGE(opened.has_value(), opened.error().message);
  database_ = std::move(*opened);
}

}  // namespace quern::store
