#include <doctest/doctest.h>
#include <sqlite3.h>

#include <atomic>
#include <thread>

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
  REQUIRE(db.Execute("CREATE TABLE t (name TEXT UNIQUE)"));
  const auto add = [&](const std::string& name) {
    return db.Execute("INSERT INTO t(name) VALUES (?)", {name});
  };
  const Status failed = db.Transaction([&]() -> Status {
    QUERN_TRY(add("a"));
    return Fail(Code::kInternal, "no");
  });
  CHECK_FALSE(failed);
  CHECK(Count(db, "t") == 0);
  REQUIRE(db.Transaction([&] { return add("a"); }));
  CHECK(Count(db, "t") == 1);
  CHECK(add("a").error().code == Code::kAlreadyExists);
}

TEST_CASE("a query sees what was committed, in a transaction what it wrote itself") {
  TempDir dir;
  auto database = OpenSqlite(dir.File("q.db"), RealFs());
  Database& db = **database;
  REQUIRE(db.Execute("CREATE TABLE t (name TEXT)"));
  REQUIRE(db.Transaction([&]() -> Status {
    QUERN_TRY(db.Execute("INSERT INTO t VALUES ('a')"));
    CHECK(Count(db, "t") == 1);
    std::thread([&] { CHECK(Count(db, "t") == 0); }).join();
    return {};
  }));
  CHECK(Count(db, "t") == 1);
  // A query in the midst of the same query.
  int pairs = 0;
  REQUIRE(db.Execute("INSERT INTO t VALUES ('b')"));
  REQUIRE(db.Transaction([&] {
    return db.Query("SELECT name FROM t", {}, [&](const Row&) {
      CHECK(db.Query("SELECT name FROM t", {}, [&](const Row&) { ++pairs; }));
    });
  }));
  CHECK(pairs == 4);
}

TEST_CASE("bytes come back as they were") {
  TempDir dir;
  auto database = OpenSqlite(dir.File("q.db"), RealFs());
  Database& db = **database;
  REQUIRE(db.Execute("CREATE TABLE t (data BLOB)"));
  const std::string bytes("a\0\xff", 3);
  REQUIRE(db.Execute("INSERT INTO t VALUES (?)", {Bytes{bytes}}));
  REQUIRE(db.Query("SELECT data FROM t", {}, [&](const Row& row) { CHECK(row.Text(0) == bytes); }));
}

TEST_CASE("many writers share commits; one that fails takes back its own alone") {
  TempDir dir;
  auto database = OpenSqlite(dir.File("q.db"), RealFs());
  Database& db = **database;
  REQUIRE(db.Execute("CREATE TABLE t (writer INTEGER, i INTEGER)"));
  constexpr int kWriters = 16, kEach = 40;
  std::atomic<int> refused{0};
  std::vector<std::thread> writers;
  for (int w = 0; w < kWriters; ++w) {
    writers.emplace_back([&, w] {
      for (int i = 0; i < kEach; ++i) {
        const Status done = db.Write([&]() -> Status {
          QUERN_TRY(db.Execute("INSERT INTO t VALUES (?, ?)", {int64_t{w}, int64_t{i}}));
          if (i % 4 == 3) return Fail(Code::kInvalidArgument, "no");
          return {};
        });
        if (done) {
          int64_t seen = 0;
          CHECK(db.Query("SELECT count(*) FROM t WHERE writer = ? AND i = ?",
                         {int64_t{w}, int64_t{i}}, [&](const Row& row) { seen = row.Int(0); }));
          CHECK(seen == 1);
        } else {
          CHECK(done.error().message == "no");
          ++refused;
        }
      }
    });
  }
  for (std::thread& writer : writers) writer.join();
  CHECK(refused == kWriters * kEach / 4);
  CHECK(Count(db, "t") == kWriters * kEach * 3 / 4);
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
