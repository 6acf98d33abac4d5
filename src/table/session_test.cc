#include "table/session.h"

#include <doctest/doctest.h>

#include <cmath>
#include <thread>

namespace quern::table {
namespace {

std::unique_ptr<Session> OpenSession() {
  auto session = Session::Open();
  REQUIRE(session.has_value());
  return std::move(*session);
}

TEST_CASE("a query reads every type as the contract says") {
  auto session = OpenSession();
  auto rows = session->Query(
      "SELECT NULL, true, 7::TINYINT, -3::BIGINT, 1.25::DECIMAL(9,2), 0.5::FLOAT, 'é''', "
      "DATE '2026-01-02', TIMESTAMPTZ '2026-01-02 03:00:00+01', [1, 2], "
      "sum(4), 1e300, '2026-01-02 03:04:05'::TIMESTAMP, 18446744073709551615::UBIGINT "
      "ORDER BY 1;");
  REQUIRE_MESSAGE(rows.has_value(), rows.error().ToString());
  const auto& row = rows->rows.at(0);
  CHECK(IsNull(row[0]));
  CHECK(std::get<bool>(row[1]));
  CHECK(std::get<int64_t>(row[2]) == 7);
  CHECK(std::get<int64_t>(row[3]) == -3);
  CHECK(std::get<double>(row[4]) == 1.25);
  CHECK(std::get<double>(row[5]) == 0.5);
  CHECK(std::get<std::string>(row[6]) == "é'");
  CHECK(ToText(row[7]) == "2026-01-02");
  CHECK(ToText(row[8]) == "2026-01-02 02:00:00+00");
  CHECK(ToText(row[9]) == "[1, 2]");
  CHECK(std::get<int64_t>(row[10]) == 4);
  CHECK(std::get<double>(row[11]) == 1e300);
  CHECK(ToText(row[12]) == "2026-01-02 03:04:05");
  CHECK(std::get<double>(row[13]) == 18446744073709551615.0);
  CHECK(rows->columns[7].type == "DATE");
  CHECK(rows->columns[4].type == "DECIMAL");
}

TEST_CASE("values turn into numbers and text") {
  CHECK(ToNumber(Value(true)) == 1);
  CHECK(ToNumber(Value(int64_t{3})) == 3);
  CHECK(std::isnan(ToNumber(Value(std::string("3")))));
  CHECK(std::isnan(ToNumber(Value())));
  CHECK(ToText(Value(1.0)) == "1");
  CHECK(ToText(Value(false)) == "false");
  CHECK(ToText(Value()).empty());
}

TEST_CASE("frames go in and come out again, over several chunks") {
  Frame frame{{{"x \"y\"", false, {}, {}}, {"t", true, {}, {}}}};
  for (int i = 0; i < 5000; ++i) {
    frame.columns[0].numbers.push_back(i % 7 == 0 ? NAN : i * 0.5);
    frame.columns[1].texts.push_back(i % 5 == 0 ? "" : "a rather long text " + std::to_string(i));
  }
  auto session = OpenSession();
  REQUIRE(session->Register("f", frame).has_value());
  auto back = session->QueryFrame("SELECT * FROM f");
  REQUIRE(back.has_value());
  REQUIRE(back->rows() == 5000);
  CHECK(back->columns[0].name == "x \"y\"");
  CHECK(back->columns[1].texts == frame.columns[1].texts);
  for (size_t i = 0; i < 5000; ++i) {
    const double want = frame.columns[0].numbers[i];
    const double got = back->columns[0].numbers[i];
    REQUIRE((std::isnan(want) ? std::isnan(got) : want == got));
  }
  auto nulls = session->Query("SELECT count(*) FILTER (t IS NULL) FROM f");
  CHECK(std::get<int64_t>(nulls->rows[0][0]) == 1000);
  REQUIRE(session->Register("f", Frame{{{"a", false, {1}, {}}}}).has_value());
  CHECK(session->Describe("FROM f")->at(0).type == "DOUBLE");
}

TEST_CASE("a frame's numbers are booleans, integers, decimals and doubles; times are text") {
  auto session = OpenSession();
  auto frame = session->QueryFrame(
      "SELECT * FROM (VALUES (true, 1, 1.5, DATE '2026-01-01'), (NULL, NULL, NULL, NULL)) v(b, i, "
      "d, t)");
  REQUIRE(frame.has_value());
  CHECK(frame->Find("b")->numbers[0] == 1);
  CHECK(std::isnan(frame->Find("b")->numbers[1]));
  CHECK(frame->Find("d")->numbers[0] == 1.5);
  CHECK(frame->Find("t")->texts == std::vector<std::string>{"2026-01-01", ""});
}

TEST_CASE("errors carry a code and the engine's words") {
  auto session = OpenSession();
  CHECK(session->Query("SELEC 1").error().code == Code::kInvalidArgument);
  CHECK(session->Query("SELECT no_such").error().message.find("no_such") != std::string::npos);
  CHECK(session->Execute("SELECT * FROM read_parquet('/nowhere/x.parquet')").error().code ==
        Code::kNotFound);
  CHECK(session->Query("SELECT 1; SELECT 2").error().code == Code::kInvalidArgument);
  CHECK(session->Execute("SELECT 1; SELECT 2").has_value());
  CHECK(session->Register("empty", Frame()).error().code == Code::kInvalidArgument);
}

TEST_CASE("a running query can be interrupted") {
  auto session = OpenSession();
  std::atomic<bool> finished{false};
  std::thread other([&] {
    while (!finished) {
      session->Interrupt();
      std::this_thread::yield();
    }
  });
  auto rows =
      session->Query("SELECT sum(a.range * b.range) FROM range(1000000) a, range(1000000) b");
  finished = true;
  other.join();
  REQUIRE_FALSE(rows.has_value());
  CHECK(rows.error().code == Code::kCancelled);
}

TEST_CASE("names and texts are quoted") {
  CHECK(QuoteName("a\"b") == "\"a\"\"b\"");
  CHECK(QuoteText("it's") == "'it''s'");
}

}  // namespace
}  // namespace quern::table
