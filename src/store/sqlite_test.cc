#include <doctest/doctest.h>
#include <sqlite3.h>

#include "base/fs.h"
#include "store/database.h"
#include "store/migrations.h"

namespace quern::store {
namespace {

int64_t Count(Database& database, const std::string& table) {
  int64_t count = -1;
  REQUIRE(database.Query("SELECT count(*) FROM " + table, {},
                         [&](const Row& row) { count = row.Int(0); }));
  return count;
}

}  // namespace

TEST_CASE("a transaction that fails leaves nothing") {
  TempDir dir;
  auto database = OpenSqlite(dir.File("q.db"), RealFs());
  REQUIRE(database);
  Database& db = **database;
  const Status failed = db.Transaction([&]() -> Status {
    QUERN_TRY(db.Execute("INSERT INTO experiments(name, created_ms) VALUES (?, ?)",
                         {std::string("a"), int64_t{1}}));
    return Fail(Code::kInternal, "no");
  });
  CHECK_FALSE(failed);
  CHECK(Count(db, "experiments") == 0);
  REQUIRE(db.Transaction([&] {
    return db.Execute("INSERT INTO experiments(name, created_ms) VALUES (?, ?)",
                      {std::string("a"), int64_t{1}});
  }));
  CHECK(Count(db, "experiments") == 1);
  CHECK(db.Execute("INSERT INTO experiments(name, created_ms) VALUES ('a', 1)").error().code ==
        Code::kAlreadyExists);
}

TEST_CASE("a database of a newer program is refused, a foreign file is named") {
  TempDir dir;
  const std::string path = dir.File("q.db");
  REQUIRE(OpenSqlite(path, RealFs()));
  sqlite3* raw = nullptr;
  REQUIRE(sqlite3_open(path.c_str(), &raw) == SQLITE_OK);
  sqlite3_exec(raw, "PRAGMA user_version = 999", nullptr, nullptr, nullptr);
  sqlite3_close(raw);
  const auto newer = OpenSqlite(path, RealFs());
  REQUIRE_FALSE(newer);
  CHECK(newer.error().code == Code::kFailedPrecondition);
  CHECK(newer.error().message.find("schema 999") != std::string::npos);

  REQUIRE(RealFs().WriteAtomic(dir.File("text.db"), std::string(4096, 'x')));
  CHECK(OpenSqlite(dir.File("text.db"), RealFs()).error().code == Code::kDataLoss);
}

TEST_CASE("an older database is copied aside before it is migrated") {
  TempDir dir;
  const std::string path = dir.File("q.db");
  sqlite3* raw = nullptr;
  REQUIRE(sqlite3_open(path.c_str(), &raw) == SQLITE_OK);
  const std::string first(Migrations()[0].sql);
  REQUIRE(sqlite3_exec(raw, first.c_str(), nullptr, nullptr, nullptr) == SQLITE_OK);
  sqlite3_exec(raw, "PRAGMA user_version = 1", nullptr, nullptr, nullptr);
  sqlite3_close(raw);
  REQUIRE(OpenSqlite(path, RealFs()));
  CHECK(RealFs().Exists(path + ".bak-1") == (Migrations().size() > 1));
}

}  // namespace quern::store
