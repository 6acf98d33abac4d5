#include <doctest/doctest.h>
#include <sqlite3.h>

#include "base/fs.h"
#include "store/database.h"
#include "store/migrations.h"

namespace quern::store {

TEST_CASE("a writer that waits too long for another process is aborted, and then goes on") {
  TempDir dir;
  const auto db = OpenSqlite(dir.File("q.db"), RealFs());
  REQUIRE(db);
  REQUIRE((*db)->Execute("CREATE TABLE t (n BIGINT)"));
  const auto add = [&] { return (*db)->Execute("INSERT INTO t VALUES (1)"); };
  // The writer's own limit is longer than a test should take.
  REQUIRE((*db)->Transaction([&] { return (*db)->Execute("PRAGMA busy_timeout = 20"); }));
  sqlite3* other = nullptr;
  REQUIRE(sqlite3_open(dir.File("q.db").c_str(), &other) == SQLITE_OK);
  REQUIRE(sqlite3_exec(other, "BEGIN IMMEDIATE", nullptr, nullptr, nullptr) == SQLITE_OK);
  const Status waited = (*db)->Write(add);
  REQUIRE_FALSE(waited);
  CHECK(waited.error().code == Code::kAborted);
  CHECK(waited.error().hint.find("another process") != std::string::npos);
  sqlite3_close(other);
  CHECK((*db)->Write(add));
}

TEST_CASE("a foreign file is named") {
  TempDir dir;
  REQUIRE(RealFs().WriteAtomic(dir.File("text.db"), std::string(4096, 'x')));
  const auto opened = OpenSqlite(dir.File("text.db"), RealFs());
  REQUIRE_FALSE(opened);
  CHECK(opened.error().code == Code::kDataLoss);
  CHECK(opened.error().ToString().find("text.db") != std::string::npos);
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
  CHECK(RealFs().Exists(path + ".bak-1"));
}

TEST_CASE("the copy holds what still stood in the write-ahead log") {
  TempDir dir;
  const std::string path = dir.File("it's.db");
  sqlite3* raw = nullptr;
  REQUIRE(sqlite3_open(path.c_str(), &raw) == SQLITE_OK);
  const std::string first = "PRAGMA journal_mode = WAL; PRAGMA wal_autocheckpoint = 0;" +
                            std::string(Migrations()[0].sql) +
                            "PRAGMA user_version = 1;"
                            "INSERT INTO experiments(id, name, created_ms) VALUES (5, 'old', 1)";
  REQUIRE(sqlite3_exec(raw, first.c_str(), nullptr, nullptr, nullptr) == SQLITE_OK);
  REQUIRE(OpenSqlite(path, RealFs()));
  sqlite3_close(raw);
  const auto names = RealFs().List(dir.path());
  REQUIRE(names);
  CHECK(*names == std::vector<std::string>{"it's.db", "it's.db.bak-1"});
  REQUIRE(sqlite3_open((path + ".bak-1").c_str(), &raw) == SQLITE_OK);
  std::string found;
  const auto note = [](void* text, int, char** values, char**) {
    *static_cast<std::string*>(text) = values[0];
    return 0;
  };
  sqlite3_exec(raw,
               "SELECT name || (SELECT user_version FROM pragma_user_version) FROM experiments",
               note, &found, nullptr);
  sqlite3_close(raw);
  CHECK(found == "old1");
}

}  // namespace quern::store
