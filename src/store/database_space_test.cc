#include "store/database_space.h"

#include <doctest/doctest.h>

#include "store/sqlite_connection.h"
#include "tests/store/engines.h"

namespace quern::store {
namespace {

/// A table of about 4 MB, of which three quarters are taken away again.
void FillAndFree(Database& db) {
  REQUIRE(db.Execute("CREATE TABLE large (n BIGINT PRIMARY KEY, t TEXT NOT NULL)"));
  REQUIRE(db.Transaction([&]() -> Status {
    for (int64_t n = 0; n < 4000; ++n) {
      QUERN_TRY(db.Execute("INSERT INTO large VALUES (?, ?)", {n, std::string(1000, 'x')}));
    }
    return {};
  }));
  REQUIRE(db.Execute("DELETE FROM large WHERE n < 3000"));
}

uint64_t BytesOf(const DatabaseSpace& space, const std::string& table) {
  for (const auto& one : space.tables) {
    if (one.name == table) return one.bytes;
  }
  return 0;
}

}  // namespace

TEST_CASE("what each table takes") {
  TestDatabase db(EachEngine());
  FillAndFree(*db);
  const auto space = MeasureDatabase(*db);
  REQUIRE(space);
  CHECK(space->tables.front().name == "large");
  CHECK(BytesOf(*space, "large") > 1'000'000);
  CHECK(BytesOf(*space, "runs") > 0);
  CHECK(space->total > BytesOf(*space, "large"));
  if (db->dialect() == Dialect::kSqlite) CHECK(space->free > 2'500'000);
  CHECK(GiveSpaceBack(*db));
}

TEST_CASE("a SQLite file shrinks, while others read and write") {
  TestDatabase db(Engine::kSqlite);
  FillAndFree(*db);
  const auto other = OpenSqlite(db.name(), RealFs());
  REQUIRE(other);
  const uint64_t before = MeasureDatabase(*db)->total;
  int64_t rows = 0;
  // A reader that is in the middle of its rows.
  REQUIRE((*other)->Query("SELECT n FROM large", {}, [&](const Row&) {
    if (rows++ == 10) {
      CHECK(GiveSpaceBack(*db).value() > 2'500'000);
      CHECK((*other)->Execute("INSERT INTO large VALUES (9000, 'y')"));
    }
  }));
  CHECK(rows == 1000);
  const auto after = MeasureDatabase(*db);
  CHECK(after->free == 0);
  CHECK(after->total < before / 2);
  REQUIRE(GiveSpaceBack(*db));
  CHECK(RealFs().Stat(db.name())->size == after->total);
  CHECK(RealFs().Stat(db.name() + "-wal")->size == 0);
}

TEST_CASE("a file of before steps were foreseen is written anew once") {
  TempDir dir;
  const std::string path = dir.File("old.db");
  {
    auto old = SqliteConnection::Open(path, false);
    REQUIRE((*old)->Script("PRAGMA journal_mode = WAL; CREATE TABLE first (n INTEGER);"));
    REQUIRE((*old)->Script("DROP TABLE first"));
  }
  auto opened = OpenSqlite(path, RealFs());
  REQUIRE(opened);
  Database& db = **opened;
  FillAndFree(db);
  CHECK(GiveSpaceBack(db).value() > 2'500'000);
  int64_t mode = 0;
  REQUIRE(db.Query("PRAGMA auto_vacuum", {}, [&](const Row& row) { mode = row.Int(0); }));
  CHECK(mode == 2);
  REQUIRE(db.Execute("DELETE FROM large"));
  CHECK(GiveSpaceBack(db).value() > 500'000);
}

}  // namespace quern::store
