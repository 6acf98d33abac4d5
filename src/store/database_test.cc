// What every engine promises.
#include "store/database.h"

#include <doctest/doctest.h>

#include <atomic>
#include <cmath>
#include <limits>
#include <thread>

#include "store/count_rows.h"
#include "store/open.h"
#include "tests/store/engines.h"

namespace quern::store {
namespace {

/// Column types that both engines have.
struct Types {
  const char* integer;
  const char* real;
  const char* bytes;
};
Types TypesOf(const Database& db) {
  if (db.dialect() == Dialect::kPostgres) return {"BIGINT", "DOUBLE PRECISION", "BYTEA"};
  return {"INTEGER", "REAL", "BLOB"};
}

}  // namespace

TEST_CASE("a transaction that fails leaves nothing") {
  const TestDatabase db(EachEngine());
  REQUIRE(db->Execute("CREATE TABLE t (name TEXT UNIQUE)"));
  const auto add = [&](const std::string& name) {
    return db->Execute("INSERT INTO t(name) VALUES (?)", {name});
  };
  const Status failed = db->Transaction([&]() -> Status {
    QUERN_TRY(add("a"));
    return Fail(Code::kInternal, "no");
  });
  CHECK(failed.error().message == "no");
  CHECK(CountRows(*db, "t") == 0);
  REQUIRE(db->Transaction([&] { return add("a"); }));
  CHECK(CountRows(*db, "t") == 1);
  CHECK(add("a").error().code == Code::kAlreadyExists);
  CHECK(add("b"));
}

TEST_CASE("a statement that fails takes its whole transaction with it") {
  const TestDatabase db(EachEngine());
  REQUIRE(db->Execute("CREATE TABLE t (name TEXT UNIQUE)"));
  const auto add = [&](const std::string& name) {
    return db->Execute("INSERT INTO t(name) VALUES (?)", {name});
  };
  const auto careless = [&]() -> Status {
    (void)add("a");
    (void)add("a");
    CHECK(add("b").error().code == Code::kAlreadyExists);
    return {};
  };
  CHECK(db->Transaction(careless).error().code == Code::kAlreadyExists);
  CHECK(db->Write(careless).error().code == Code::kAlreadyExists);
  CHECK(CountRows(*db, "t") == 0);
  CHECK(db->Transaction([&] { return add("a"); }));
}

TEST_CASE("constraints have codes") {
  const TestDatabase db(EachEngine());
  REQUIRE(db->Execute("CREATE TABLE a (id BIGINT PRIMARY KEY, n BIGINT NOT NULL CHECK (n > 0))"));
  REQUIRE(db->Execute("CREATE TABLE b (a BIGINT REFERENCES a(id))"));
  const auto code = [&](const char* sql, const std::vector<Param>& params) {
    const Status done = db->Execute(sql, params);
    REQUIRE_FALSE(done);
    CHECK(done.error().message.find("INSERT") == std::string::npos);
    return done.error().code;
  };
  REQUIRE(db->Execute("INSERT INTO a VALUES (1, 1)"));
  CHECK(code("INSERT INTO a VALUES (?, 1)", {int64_t{1}}) == Code::kAlreadyExists);
  CHECK(code("INSERT INTO a VALUES (2, ?)", {int64_t{0}}) == Code::kInvalidArgument);
  CHECK(code("INSERT INTO a VALUES (2, ?)", {Param()}) == Code::kInvalidArgument);
  CHECK(code("INSERT INTO b VALUES (?)", {int64_t{3}}) == Code::kFailedPrecondition);
  CHECK(code("INSERT INTO nowhere VALUES (?)", {int64_t{3}}) == Code::kInternal);
}

TEST_CASE("a query sees what was committed, in a transaction what it wrote itself") {
  const TestDatabase db(EachEngine());
  REQUIRE(db->Execute("CREATE TABLE t (name TEXT)"));
  REQUIRE(db->Transaction([&]() -> Status {
    QUERN_TRY(db->Execute("INSERT INTO t VALUES ('a')"));
    CHECK(CountRows(*db, "t") == 1);
    std::thread([&] { CHECK(CountRows(*db, "t") == 0); }).join();
    return {};
  }));
  CHECK(CountRows(*db, "t") == 1);
  // Outside of a transaction nothing changes by way of a query.
  CHECK_FALSE(db->Query("INSERT INTO t VALUES ('z') RETURNING name", {}, [](const Row&) {}));
  CHECK(CountRows(*db, "t") == 1);
}

TEST_CASE("a query in the midst of a query") {
  const TestDatabase db(EachEngine());
  REQUIRE(db->Execute("CREATE TABLE t (name TEXT)"));
  REQUIRE(db->Execute("INSERT INTO t VALUES ('a'), ('b')"));
  const auto pairs = [&] {
    int count = 0;
    CHECK(db->Query("SELECT name FROM t", {}, [&](const Row&) {
      CHECK(db->Query("SELECT name FROM t", {}, [&](const Row&) { ++count; }));
    }));
    return count;
  };
  CHECK(pairs() == 4);
  REQUIRE(db->Transaction([&]() -> Status {
    CHECK(pairs() == 4);
    return {};
  }));
  // More at once than there are readers: none waits for one that waits for it.
  std::vector<std::thread> threads;
  for (int i = 0; i < 20; ++i) threads.emplace_back([&] { CHECK(pairs() == 4); });
  for (std::thread& thread : threads) thread.join();
}

TEST_CASE("values come back as they were") {
  const TestDatabase db(EachEngine());
  const Types types = TypesOf(*db);
  REQUIRE(db->Execute("CREATE TABLE t (n BIGINT PRIMARY KEY, i " + std::string(types.integer) +
                      ", d " + types.real + ", s TEXT, b " + types.bytes + ")"));
  using Limits = std::numeric_limits<double>;
  const int64_t integers[] = {0, -1, INT64_MAX, INT64_MIN, 1'700'000'000'123};
  const double reals[] = {
      0.1, Limits::denorm_min(), -Limits::max(), Limits::infinity(), Limits::min(), 1e-310};
  const std::string texts[] = {"", "ä\n'\"\\?", "$1 ? --", std::string(300'000, 'x')};
  const std::string bytes[] = {"", std::string("a\0\xff\\x00", 7), std::string(300'000, '\xfe')};
  int64_t n = 0;
  const auto check = [&](const Param& i, const Param& d, const Param& s, const Param& b,
                         const auto& same) {
    REQUIRE(db->Execute("INSERT INTO t VALUES (?, ?, ?, ?, ?)", {++n, i, d, s, b}));
    int rows = 0;
    const auto see = [&](const Row& row) {
      ++rows;
      same(row);
    };
    const auto ask = [&] { return db->Query("SELECT * FROM t WHERE n = ?", {n}, see); };
    CHECK(ask());
    CHECK(db->Transaction(ask));
    CHECK(rows == 2);
  };
  for (const int64_t i : integers) {
    check(i, {}, {}, {}, [&](const Row& row) {
      CHECK(row.Int(1) == i);
      CHECK(row.Text(1) == std::to_string(i));
      CHECK(row.IsNull(2));
      CHECK(row.Number(2) == 0);
      CHECK(row.Text(3).empty());
      CHECK(row.Int(4) == 0);
    });
  }
  for (const double d : reals)
    check({}, d, {}, {}, [&](const Row& row) { CHECK(row.Number(2) == d); });
  for (const std::string& s : texts) {
    check({}, {}, s, {}, [&](const Row& row) {
      CHECK(row.Text(3) == s);
      CHECK_FALSE(row.IsNull(3));
    });
  }
  for (const std::string& b : bytes) {
    check({}, {}, {}, Bytes{b}, [&](const Row& row) { CHECK(row.Text(4) == b); });
  }
  check({}, std::nan(""), {}, {}, [&](const Row& row) { CHECK(row.IsNull(2)); });
}

TEST_CASE("expressions have values") {
  const TestDatabase db(EachEngine());
  REQUIRE(db->Execute("CREATE TABLE t (n BIGINT)"));
  REQUIRE(db->Execute("INSERT INTO t VALUES (?), (?), (?)",
                      {int64_t{1} << 62, int64_t{1} << 61, int64_t{7}}));
  int rows = 0;
  REQUIRE(db->Query(
      "SELECT count(*), sum(n), max(n) > 1, EXISTS (SELECT 1 FROM t WHERE n = 3), 1, 2.5, '12', "
      "coalesce(NULL, 'x'), avg(n % 8), sum(CASE WHEN n > 7 THEN 1 ELSE 0 END) FROM t",
      {}, [&](const Row& row) {
        ++rows;
        CHECK(row.Int(0) == 3);
        CHECK(row.Int(1) == (int64_t{1} << 62) + (int64_t{1} << 61) + 7);
        CHECK(row.Int(2) == 1);
        CHECK(row.Int(3) == 0);
        CHECK(row.Int(4) == 1);
        CHECK(row.Number(5) == 2.5);
        CHECK(row.Int(6) == 12);
        CHECK(row.Text(7) == "x");
        CHECK(row.Number(8) == doctest::Approx(7.0 / 3));
        CHECK(row.Int(9) == 2);
      }));
  CHECK(rows == 1);
}

TEST_CASE("a row with a number of its own moves the next one on") {
  const TestDatabase db(EachEngine());
  const auto add = [&](const char* name, const Param& id) {
    int64_t made = -1;
    const std::string columns = "name, artifact_location, lifecycle, created_ms, updated_ms";
    REQUIRE(db->Write([&] {
      const auto note = [&](const Row& row) { made = row.Int(0); };
      if (std::holds_alternative<int64_t>(id)) {
        return db->Query("INSERT INTO experiments(" + columns +
                             ", id) VALUES (?, '', 'active', 0, 0, ?) RETURNING id",
                         {name, id}, note);
      }
      return db->Query(
          "INSERT INTO experiments(" + columns + ") VALUES (?, '', 'active', 0, 0) RETURNING id",
          {name}, note);
    }));
    return made;
  };
  CHECK(add("zero", int64_t{0}) == 0);
  CHECK(add("first", {}) == 1);
  CHECK(add("far", int64_t{41}) == 41);
  CHECK(add("near", int64_t{7}) == 7);
  CHECK(add("next", {}) == 42);
  // A number is never given twice.
  REQUIRE(db->Execute("DELETE FROM experiments WHERE id = 42"));
  CHECK(add("other", {}) == 43);
}

TEST_CASE("texts are ordered by their bytes") {
  const TestDatabase db(EachEngine());
  for (const char* name : {"b", "B", "ä", "a", "Z", "_"}) {
    REQUIRE(
        db->Execute("INSERT INTO registered_models(name, description, created_ms, updated_ms) "
                    "VALUES (?, '', 0, 0)",
                    {name}));
  }
  std::string order;
  REQUIRE(db->Query("SELECT name FROM registered_models ORDER BY name", {},
                    [&](const Row& row) { order += row.Text(0); }));
  CHECK(order == "BZ_abä");
  REQUIRE(db->Query("SELECT count(*) FROM registered_models WHERE name > ?", {"Z"},
                    [&](const Row& row) { CHECK(row.Int(0) == 4); }));
}

TEST_CASE("many writers share commits; one that fails takes back its own alone") {
  const TestDatabase db(EachEngine());
  REQUIRE(db->Execute("CREATE TABLE t (writer BIGINT, i BIGINT, UNIQUE (writer, i))"));
  constexpr int kWriters = 16, kEach = 40;
  std::atomic<int> refused{0};
  std::vector<std::thread> writers;
  for (int w = 0; w < kWriters; ++w) {
    writers.emplace_back([&, w] {
      for (int i = 0; i < kEach; ++i) {
        const auto add = [&] {
          return db->Execute("INSERT INTO t VALUES (?, ?)", {int64_t{w}, int64_t{i}});
        };
        const Status done = db->Write([&]() -> Status {
          QUERN_TRY(add());
          if (i % 4 == 3) return Fail(Code::kInvalidArgument, "no");
          if (i % 4 == 2) return add();
          return {};
        });
        if (done) {
          int64_t seen = 0;
          CHECK(db->Query("SELECT count(*) FROM t WHERE writer = ? AND i = ?",
                          {int64_t{w}, int64_t{i}}, [&](const Row& row) { seen = row.Int(0); }));
          CHECK(seen == 1);
        } else {
          CHECK(done.error().code == (i % 4 == 2 ? Code::kAlreadyExists : Code::kInvalidArgument));
          ++refused;
        }
      }
    });
  }
  for (std::thread& writer : writers) writer.join();
  CHECK(refused == kWriters * kEach / 2);
  CHECK(CountRows(*db, "t") == kWriters * kEach / 2);
}

TEST_CASE("processes that change the same rows wait for each other") {
  const TestDatabase db(EachEngine());
  const auto other = OpenDatabase(db.name(), RealFs(), Durability::kRelaxed);
  REQUIRE(other);
  REQUIRE(db->Execute("CREATE TABLE t (n BIGINT)"));
  REQUIRE(db->Execute("INSERT INTO t VALUES (0)"));
  // Reads, then writes what it read: lost updates would show.
  const auto add_one = [](Database& database) {
    return database.Write([&]() -> Status {
      int64_t n = -1;
      QUERN_TRY(database.Query("SELECT n FROM t", {}, [&](const Row& row) { n = row.Int(0); }));
      return database.Execute("UPDATE t SET n = ?", {n + 1});
    });
  };
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&, i] {
      for (int k = 0; k < 10; ++k) CHECK(add_one(i % 2 == 0 ? *db : **other));
    });
  }
  for (std::thread& thread : threads) thread.join();
  REQUIRE(db->Query("SELECT n FROM t", {}, [](const Row& row) { CHECK(row.Int(0) == 80); }));
}

TEST_CASE("more statements than are kept") {
  const TestDatabase db(EachEngine());
  for (int i = 0; i < 600; ++i) {
    int64_t seen = -1;
    const auto ask = [&] {
      return db->Query("SELECT count(*) + " + std::to_string(i) + " FROM runs WHERE num = ?",
                       {int64_t{i}}, [&](const Row& row) { seen = row.Int(0); });
    };
    const Status asked = i % 2 == 0 ? ask() : db->Transaction(ask);
    REQUIRE(asked);
    CHECK(seen == i);
  }
}

TEST_CASE("a database of a newer program, or of another one, is refused") {
  const Engine engine = EachEngine();
  const TestDatabase db(engine);
  REQUIRE(db->Execute(engine == Engine::kSqlite ? "PRAGMA user_version = 999"
                                                : "UPDATE quern_schema SET version = 999"));
  const auto newer = OpenDatabase(db.name(), RealFs());
  REQUIRE_FALSE(newer);
  CHECK(newer.error().code == Code::kFailedPrecondition);
  CHECK(newer.error().message.find("schema 999") != std::string::npos);

  REQUIRE(db->Execute(engine == Engine::kSqlite ? "PRAGMA user_version = 0"
                                                : "DROP TABLE quern_schema"));
  const auto foreign = OpenDatabase(db.name(), RealFs());
  REQUIRE_FALSE(foreign);
  CHECK(foreign.error().code == Code::kFailedPrecondition);
  CHECK(foreign.error().message.find("holds tables that are not Quern's") != std::string::npos);
  CHECK(UpgradeDatabase(db.name(), RealFs()).error().message == foreign.error().message);
}

}  // namespace quern::store
