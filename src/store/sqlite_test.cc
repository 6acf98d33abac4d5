#include <doctest/doctest.h>
#include <sqlite3.h>

#include "base/fs.h"
#include "store/database.h"
#include "store/migrations.h"

namespace quern::store {

TEST_CASE("a foreign file is named") {
  TempDir dir;
  REQUIRE(RealFs().WriteAtomic(dir.File("text.db"), std::string(4096, 'x')));
  const auto opened = OpenSqlite(dir.File("text.db"), RealFs());
  REQUIRE_FALSE(opened);
  CHECK(opened.error().code == Code::kDataLoss);
  CHECK(opened.error().message.find("text.db") != std::string::npos);
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
