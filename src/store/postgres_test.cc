// PostgreSQL alone: a server that dies, and databases that it refuses.
#include "store/postgres.h"

#include <doctest/doctest.h>

#include <atomic>
#include <thread>

#include "store/count_rows.h"
#include "store/migrations.h"
#include "store/open.h"
#include "store/postgres_connection.h"
#include "store/postgres_sql.h"
#include "store/statistics.h"
#include "tests/store/engines.h"
#include "tests/store/postgres_server.h"

namespace quern::store {
namespace {

bool Installed() {
  if (PostgresServer::Installed()) return true;
  MESSAGE("not run: PostgreSQL is not installed: run ./dev setup");
  return false;
}

std::unique_ptr<PostgresConnection> Connect(const std::string& uri) {
  auto connection = PostgresConnection::Open(**LoadLibpq(), {uri, "test", "", {}});
  REQUIRE(connection);
  return std::move(*connection);
}

}  // namespace

TEST_CASE("a server that was killed is unavailable, and works again when it is back") {
  if (!Installed()) return;
  PostgresServer server;
  const auto opened = OpenPostgres(server.Uri());
  REQUIRE(opened);
  Database& db = **opened;
  REQUIRE(db.Execute("CREATE TABLE t (n BIGINT)"));
  const auto add = [&](int64_t n) { return db.Execute("INSERT INTO t VALUES (?)", {n}); };
  REQUIRE(add(1));
  CHECK(CountRows(db, "t") == 1);

  int bodies = 0;
  const Status interrupted = db.Write([&]() -> Status {
    ++bodies;
    QUERN_TRY(add(2));
    server.Kill();
    const Status lost = add(3);
    CHECK(lost.error().code == Code::kUnavailable);
    CHECK(add(4).error().code == Code::kUnavailable);
    return {};
  });
  REQUIRE_FALSE(interrupted);
  CHECK(interrupted.error().code == Code::kUnavailable);
  CHECK(bodies == 1);
  CHECK(interrupted.error().hint.find("connects again by itself") != std::string::npos);
  CHECK(add(5).error().code == Code::kUnavailable);
  CHECK(db.Query("SELECT 1", {}, [](const Row&) {}).error().code == Code::kUnavailable);

  server.Start();
  // What was acknowledged is there, and the connections of before are made anew.
  CHECK(CountRows(db, "t") == 1);
  REQUIRE(add(6));
  CHECK(CountRows(db, "t") == 2);
  // Idle connections that break: nothing is lost, so nobody notices.
  server.Kill();
  server.Start();
  REQUIRE(db.Write([&] { return add(7); }));
  CHECK(CountRows(db, "t") == 3);
}

TEST_CASE("a server that stands still holds nobody for long, and is asked again when it goes on") {
  if (!Installed()) return;
  PostgresServer server;
  const Patience patience{std::chrono::milliseconds(200), std::chrono::milliseconds(200)};
  const auto opened = OpenPostgres(server.Uri(), Durability::kSafe, Upgrade::kRefuse, patience);
  REQUIRE(opened);
  Database& db = **opened;
  REQUIRE(db.Execute("CREATE TABLE t (text TEXT)"));
  CHECK(CountRows(db, "t") == 0);
  const auto add = [&](std::string text) {
    return db.Write([&] { return db.Execute("INSERT INTO t VALUES (?)", {text}); });
  };
  const auto silent = [](const Status& status) {
    return !status && status.error().code == Code::kUnavailable &&
           status.error().message.find("nothing came within 200 ms") != std::string::npos;
  };
  server.Freeze();
  CHECK(silent(db.Query("SELECT count(*) FROM t", {}, [](const Row&) {})));
  CHECK(silent(add("a")));
  server.Thaw();
  CHECK(CountRows(db, "t") == 0);
  // In the midst of a change, whose value is more than a socket takes.
  const Status stuck = db.Write([&]() -> Status {
    QUERN_TRY(db.Execute("INSERT INTO t VALUES ('b')"));
    server.Freeze();
    return db.Execute("INSERT INTO t VALUES (?)", {std::string(8 << 20, 'x')});
  });
  CHECK(silent(stuck));
  server.Thaw();
  REQUIRE(add("c"));
  CHECK(CountRows(db, "t") == 1);
  // One that answers late is not cut off.
  const auto patient =
      PostgresConnection::Open(**LoadLibpq(), {server.Uri(), "test", "", std::chrono::seconds(60)});
  REQUIRE(patient);
  int64_t slept = 0;
  REQUIRE((*patient)->Query("SELECT 1 FROM pg_sleep(0.3)", {},
                            [&](const Row& row) { slept = row.Int(0); }));
  CHECK(slept == 1);
}

TEST_CASE("a kill amidst many writers loses nothing that was acknowledged") {
  if (!Installed()) return;
  PostgresServer server;
  const auto opened = OpenPostgres(server.Uri());
  REQUIRE(opened);
  Database& db = **opened;
  REQUIRE(db.Execute("CREATE TABLE t (n BIGINT PRIMARY KEY)"));
  std::atomic<int64_t> next{0}, acknowledged{0};
  std::atomic<bool> wrong{false};
  std::vector<std::vector<int64_t>> kept(8);
  std::vector<std::thread> writers;
  for (auto& mine : kept) {
    writers.emplace_back([&] {
      for (;;) {
        const int64_t n = ++next;
        const Status done = db.Write([&] { return db.Execute("INSERT INTO t VALUES (?)", {n}); });
        if (!done) {
          if (done.error().code != Code::kUnavailable) wrong = true;
          return;
        }
        mine.push_back(n);
        ++acknowledged;
        acknowledged.notify_all();
      }
    });
  }
  for (int64_t seen = acknowledged; seen < 200; seen = acknowledged) acknowledged.wait(seen);
  server.Kill();
  for (std::thread& writer : writers) writer.join();
  CHECK_FALSE(wrong);
  server.Start();
  for (const auto& mine : kept) {
    for (const int64_t n : mine) {
      int64_t seen = 0;
      REQUIRE(db.Query("SELECT count(*) FROM t WHERE n = ?", {n},
                       [&](const Row& row) { seen = row.Int(0); }));
      CHECK(seen == 1);
    }
  }
}

TEST_CASE("a commit that is lost is told, and not tried again") {
  if (!Installed()) return;
  const auto opened = OpenPostgres(FreshSchema());
  REQUIRE(opened);
  Database& db = **opened;
  REQUIRE(db.Execute("CREATE TABLE t (n BIGINT)"));
  REQUIRE(
      db.Execute("CREATE FUNCTION die() RETURNS trigger LANGUAGE plpgsql AS "
                 "'BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); RETURN NULL; END'"));
  REQUIRE(
      db.Execute("CREATE CONSTRAINT TRIGGER dying AFTER INSERT ON t DEFERRABLE "
                 "INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION die()"));
  int bodies = 0;
  const Status lost = db.Write([&] {
    ++bodies;
    return db.Execute("INSERT INTO t VALUES (1)");
  });
  REQUIRE_FALSE(lost);
  CHECK(lost.error().code == Code::kUnavailable);
  CHECK(lost.error().message.find("whether the change was kept is unknown") != std::string::npos);
  CHECK(bodies == 1);
  CHECK(CountRows(db, "t") == 0);
  REQUIRE(db.Execute("DROP TRIGGER dying ON t"));
  REQUIRE(db.Execute("INSERT INTO t VALUES (1)"));
  CHECK(CountRows(db, "t") == 1);
}

TEST_CASE("an older schema is refused with both numbers, and upgraded when asked") {
  if (!Installed()) return;
  const std::string uri = FreshSchema();
  {
    const auto raw = Connect(uri);
    REQUIRE(raw->Script(PostgresSchemaSql(Migrations()[0].sql)));
    REQUIRE(raw->Script("CREATE TABLE quern_schema (version BIGINT NOT NULL)"));
    REQUIRE(raw->Script("INSERT INTO quern_schema VALUES (1)"));
    REQUIRE(raw->Script("INSERT INTO experiments(id, name, created_ms) VALUES (5, 'old', 1)"));
    REQUIRE(raw->Script("INSERT INTO runs VALUES ('r', 5, NULL, 'run', 'FINISHED', 1, 2)"));
    REQUIRE(raw->Script("INSERT INTO run_metrics VALUES ('r', 'loss', 0, 0.5, 1)"));
  }
  const auto refused = OpenPostgres(uri);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == Code::kFailedPrecondition);
  CHECK(refused.error().message.find("schema 1, and this program needs schema " +
                                     std::to_string(Migrations().size())) != std::string::npos);
  CHECK(refused.error().hint.find("quern db upgrade") != std::string::npos);

  CHECK(FindSchema(uri, RealFs())->version == 1);
  const auto upgraded = UpgradeDatabase(uri, RealFs());
  REQUIRE(upgraded);
  CHECK(upgraded->from == 1);
  CHECK(upgraded->applied.size() == Migrations().size() - 1);
  CHECK(upgraded->copy.empty());
  const auto opened = OpenPostgres(uri);
  REQUIRE(opened);
  Database& db = **opened;
  CHECK(CountRows(db, "experiments") == 1);
  CHECK(CountRows(db, "metric_points") == 1);
  int64_t id = 0;
  REQUIRE(db.Write([&] {
    return db.Query(
        "INSERT INTO experiments(name, artifact_location, lifecycle, created_ms, updated_ms) "
        "VALUES ('new', '', 'active', 0, 0) RETURNING id",
        {}, [&](const Row& row) { id = row.Int(0); });
  }));
  CHECK(id == 6);
  CHECK(UpgradeDatabase(uri, RealFs())->applied.empty());
}

TEST_CASE("of two that start at once both find the whole schema") {
  if (!Installed()) return;
  const std::string uri = FreshSchema();
  std::vector<std::thread> starts;
  for (int i = 0; i < 4; ++i) {
    starts.emplace_back([&] {
      const auto opened = OpenPostgres(uri);
      CHECK(opened);
      if (opened) CHECK(CountRows(**opened, "runs") == 0);
    });
  }
  for (std::thread& start : starts) start.join();
}

TEST_CASE("what cannot be reached or stored says so, without the password") {
  if (!Installed()) return;
  for (const char* uri :
       {"postgresql://me:s3cret@127.0.0.1:1/db", "postgresql://me:s3cret@[half/db",
        "postgresql://me:s3cret@h/db?nonsense=1",
        "postgresql:///db?host=/nowhere&password=s3cret"}) {
    CAPTURE(uri);
    const auto opened = OpenPostgres(uri);
    REQUIRE_FALSE(opened);
    CHECK(opened.error().ToString().find("s3cret") == std::string::npos);
    CHECK_FALSE(opened.error().hint.empty());
  }
  CHECK(OpenPostgres("postgresql://me:x@127.0.0.1:1/db").error().code == Code::kUnavailable);

  const TestDatabase db(Engine::kPostgres);
  const Status text = db->Execute(
      "INSERT INTO registered_models(name, description, created_ms, updated_ms) "
      "VALUES (?, '', 0, 0)",
      {std::string("a\0b", 3)});
  REQUIRE_FALSE(text);
  CHECK(text.error().code == Code::kInvalidArgument);
  CHECK(text.error().hint.find("U+0000") != std::string::npos);
}

TEST_CASE("a writer that waits too long for another process is aborted") {
  if (!Installed()) return;
  const std::string uri = FreshSchema();
  const auto opened = OpenPostgres(uri);
  REQUIRE(opened);
  const auto other =
      PostgresConnection::Open(**LoadLibpq(), {uri, "test", "SET lock_timeout = '50ms'", {}});
  REQUIRE(other);
  REQUIRE((*opened)->Transaction([&]() -> Status {
    const Status waited = (*other)->Begin();
    REQUIRE_FALSE(waited);
    CHECK(waited.error().code == Code::kAborted);
    return {};
  }));
  REQUIRE((*other)->Begin());
  REQUIRE((*other)->Commit());
}

TEST_CASE("statistics are as fresh as they are asked to be") {
  if (!Installed()) return;
  const auto opened = OpenPostgres(FreshSchema());
  REQUIRE(opened);
  Database& db = **opened;
  REQUIRE(db.Execute("CREATE TABLE \"my table\" AS SELECT i FROM generate_series(1, 5000) i"));
  const auto known = [&] {
    double rows = 0;
    REQUIRE(db.Query(
        "SELECT CAST(reltuples AS DOUBLE PRECISION) FROM pg_class WHERE relname = 'my table' AND "
        "relnamespace = current_schema()::regnamespace",
        {}, [&](const Row& row) { rows = row.Number(0); }));
    return rows;
  };
  CHECK(known() <= 0);
  RefreshStatistics(db);
  CHECK(known() == 5000);
}

TEST_CASE("a large result is streamed") {
  if (!Installed()) return;
  const auto opened = OpenPostgres(FreshSchema());
  REQUIRE(opened);
  int64_t rows = 0, sum = 0;
  REQUIRE((*opened)->Query("SELECT i FROM generate_series(1, ?) i", {int64_t{200'000}},
                           [&](const Row& row) {
                             ++rows;
                             sum += row.Int(0);
                           }));
  CHECK(rows == 200'000);
  CHECK(sum == 200'000LL * 200'001 / 2);
  // An error after some rows is an error, and nothing is asked twice.
  int64_t seen = 0;
  const Status failed = (*opened)->Query("SELECT 10 / (i - 5) FROM generate_series(1, 10) i", {},
                                         [&](const Row&) { ++seen; });
  CHECK(failed.error().code == Code::kInvalidArgument);
  CHECK(seen <= 4);
}

}  // namespace quern::store
