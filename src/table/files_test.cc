#include "table/files.h"

#include <doctest/doctest.h>

namespace quern::table {
namespace {

std::unique_ptr<Session> Open(int threads = 2) {
  auto session = Session::Open({.threads = threads, .memory_limit_mb = 256});
  REQUIRE(session.has_value());
  return std::move(*session);
}

constexpr char kRows[] =
    "SELECT range AS i, hash(range)::VARCHAR AS t, range / 7 AS x FROM range(300000)";

TEST_CASE("Parquet files are the same bytes for any number of threads") {
  TempDir dir;
  REQUIRE(WriteParquet(*Open(1), kRows, dir.File("deep/one.parquet"), RealFs()).has_value());
  auto session = Open(2);
  REQUIRE(WriteParquet(*session, kRows, dir.File("two.parquet"), RealFs()).has_value());
  CHECK(*RealFs().Read(dir.File("deep/one.parquet")) == *RealFs().Read(dir.File("two.parquet")));
  CHECK(ToText(session->Query("SELECT current_setting('threads')")->rows[0][0]) == "2");
  const auto back = session->Query("SELECT count(*), max(i) FROM " +
                                   *ReadTableSql(dir.File("two.parquet"), RealFs()));
  CHECK(ToText(back->rows[0][0]) == "300000");
}

TEST_CASE("a failed write leaves what was there, and nothing beside it") {
  TempDir dir;
  auto session = Open();
  const std::string path = dir.File("t.parquet");
  REQUIRE(WriteParquet(*session, "SELECT 1 AS a", path, RealFs()).has_value());
  const std::string before = *RealFs().Read(path);
  for (int n = 1; n <= 2; ++n) {
    FaultyFs faulty(RealFs(), n);
    const Status status = WriteParquet(*session, "SELECT 2 AS a", path, faulty);
    REQUIRE_FALSE(status.has_value());
    CHECK(status.error().code == Code::kResourceExhausted);
    CHECK(*RealFs().Read(path) == before);
    CHECK(RealFs().List(dir.path())->size() == 1);
  }
  CHECK_FALSE(WriteParquet(*session, "SELECT no_such", path, RealFs()).has_value());
  CHECK(WriteParquet(*session, "SELECT 1 AS a", "/proc/nowhere/t.parquet", RealFs())
            .error()
            .message.find("/proc/nowhere") != std::string::npos);
  CHECK(*RealFs().Read(path) == before);
}

TEST_CASE("plain files are read by what they are") {
  TempDir dir;
  auto session = Open();
  REQUIRE(RealFs().WriteAtomic(dir.File("it's.csv"), "a,b\n1,x\n2,y\n").has_value());
  REQUIRE(WriteParquet(*session, "SELECT 5 AS a", dir.File("table.data"), RealFs()).has_value());
  REQUIRE(RealFs().WriteAtomic(dir.File("empty.csv"), "").has_value());
  const auto rows =
      session->Query("SELECT sum(a) FROM " + *ReadTableSql(dir.File("it's.csv"), RealFs()));
  CHECK(ToNumber(rows->rows[0][0]) == 3);
  CHECK(ReadTableSql(dir.File("table.data"), RealFs())->starts_with("read_parquet"));
  CHECK(ReadTableSql(dir.File("none.csv"), RealFs()).error().code == Code::kNotFound);
  CHECK(ReadTableSql(dir.File("empty.csv"), RealFs()).error().code == Code::kInvalidArgument);
  CHECK(ReadTableSql(dir.path(), RealFs()).error().code == Code::kInvalidArgument);
}

TEST_CASE("a scan goes through all rows in order and stops when told") {
  auto session = Open();
  size_t rows = 0;
  size_t pieces = 0;
  REQUIRE(session->Scan("SELECT range AS i FROM range(10000)", [&](const Frame& piece) -> Status {
    CHECK(piece.columns[0].numbers.front() == static_cast<double>(rows));
    rows += piece.rows();
    ++pieces;
    return {};
  }));
  CHECK(rows == 10000);
  CHECK(pieces > 1);
  const Status stopped = session->Scan("SELECT range AS i FROM range(10000)", [](const Frame&) {
    return Status(Fail(Code::kCancelled, "enough"));
  });
  CHECK(stopped.error().message == "enough");
}

}  // namespace
}  // namespace quern::table
