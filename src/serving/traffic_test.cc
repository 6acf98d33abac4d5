#include "serving/traffic.h"

#include <doctest/doctest.h>

#include <numeric>

#include "tests/store/engines.h"

namespace quern::serving {
namespace {

struct Log {
  store::TestDatabase db{store::EachEngine()};
  int id = 0;

  void Add(const std::string& model, const std::string& version, int64_t at_ms,
           const std::string& scores, const std::string& decision, double latency_ms) {
    REQUIRE(db->Execute(
        "INSERT INTO predictions(prediction_id, request_id, row_index, model, "
        "version, made_at, features, scores, decision, latency_ms) VALUES (?, '', "
        "0, ?, ?, ?, '{}', ?, ?, ?)",
        {"p" + std::to_string(id++), model, version, at_ms, scores, decision, latency_ms}));
  }
};

TEST_CASE("versions that answered, with how often and since when") {
  Log log;
  CHECK(ServedVersions(*log.db, "", 10)->empty());
  log.Add("heart", "2", 50, "[1]", "1", 1);
  log.Add("heart", "1", 10, "[1]", "1", 1);
  log.Add("heart", "1", 30, "[1]", "1", 1);
  log.Add("price", "1", 20, "[1]", "1", 1);
  const auto all = ServedVersions(*log.db, "", 10);
  REQUIRE(all);
  REQUIRE(all->size() == 3);
  CHECK(all->at(0).version == "1");
  CHECK(all->at(0).first_ms == 10);
  CHECK(all->at(0).last_ms == 30);
  CHECK(all->at(0).predictions == 2);
  CHECK_FALSE(all->at(0).more);
  CHECK(all->at(2).model == "price");
  CHECK(ServedVersions(*log.db, "heart", 10)->size() == 2);
  CHECK(ServedVersions(*log.db, "heart", 1)->size() == 1);
  CHECK(ServedVersions(*log.db, "none", 10)->empty());
  const auto few = ServedVersions(*log.db, "heart", 10, 1);
  REQUIRE(few);
  CHECK(few->at(0).predictions == 1);
  CHECK(few->at(0).more);
}

TEST_CASE("one version that answered is found without the others") {
  Log log;
  log.Add("heart", "10", 30, "[1]", "1", 1);
  log.Add("heart", "1", 5, "[1]", "1", 1);
  log.Add("heart", "10", 20, "[1]", "1", 1);
  log.Add("price", "10", 1, "[1]", "1", 1);
  const auto served = Served(*log.db, "heart", "10");
  REQUIRE(served);
  REQUIRE(*served);
  CHECK((*served)->model == "heart");
  CHECK((*served)->version == "10");
  CHECK((*served)->first_ms == 20);
  CHECK((*served)->last_ms == 30);
  CHECK((*served)->predictions == 2);
  CHECK_FALSE((*served)->more);
  CHECK((*Served(*log.db, "heart", "10", 1))->more);
  CHECK_FALSE(*Served(*log.db, "heart", "2"));
  CHECK_FALSE(*Served(*log.db, "none", "10"));
}

TEST_CASE("a window is counted in buckets, and its newest rows are looked at") {
  Log log;
  for (int i = 0; i < 100; ++i) {
    log.Add("heart", "1", i, i % 2 == 0 ? "[0.9,0.1]" : "[0.2,0.8]", i % 2 == 0 ? "0" : "1", i + 1);
  }
  log.Add("heart", "1", 1000, "[0.5,0.5]", "1", 1);
  log.Add("heart", "1", 50, "no list", "1", 1);
  REQUIRE(
      log.db->Execute("INSERT INTO feedback(prediction_id, label, source, revision, "
                      "received_at) VALUES ('p3', '1', '', 1, 5)",
                      {}));
  const auto traffic = ReadTraffic(*log.db, {"heart", "1", 0, 100, 4});
  REQUIRE(traffic);
  CHECK(traffic->bucket_ms == 25);
  CHECK(traffic->counts == std::vector<int64_t>{25, 25, 26, 25});
  CHECK(traffic->counts_whole);
  CHECK(traffic->looked == 101);
  CHECK(traffic->labelled == 1);
  CHECK(traffic->decisions.at("0") == 50);
  CHECK(traffic->decisions.at("1") == 51);
  // Of two classes the second's probability; what is no score is in no bin.
  CHECK(traffic->scores.edges.front() == 0);
  CHECK(traffic->scores.edges.back() == 1);
  CHECK(traffic->scores.counts[2] == 50);
  CHECK(traffic->scores.counts[16] == 50);
  CHECK(std::accumulate(traffic->scores.counts.begin(), traffic->scores.counts.end(), int64_t{0}) ==
        100);
  CHECK(traffic->p50_ms == doctest::Approx(50).epsilon(0.05));
  CHECK(traffic->p99_ms == doctest::Approx(100).epsilon(0.02));
  CHECK(std::accumulate(traffic->latency.counts.begin(), traffic->latency.counts.end(),
                        int64_t{0}) == 101);
}

TEST_CASE("values that are no probabilities have bins of their own span") {
  Log log;
  log.Add("price", "1", 1, "[100]", "100", 1);
  log.Add("price", "1", 2, "[300]", "300", 1);
  const auto traffic = ReadTraffic(*log.db, {"price", "1", 0, 10, 1});
  REQUIRE(traffic);
  CHECK(traffic->scores.edges.front() == 100);
  CHECK(traffic->scores.edges.back() == 300);
  CHECK(traffic->scores.counts.front() == 1);
  CHECK(traffic->scores.counts.back() == 1);
}

TEST_CASE("an empty window and odd buckets are refused") {
  Log log;
  CHECK(ReadTraffic(*log.db, {"x", "1", 10, 10, 4}).error().code == Code::kInvalidArgument);
  CHECK(ReadTraffic(*log.db, {"x", "1", -1, 10, 4}).error().code == Code::kInvalidArgument);
  CHECK(ReadTraffic(*log.db, {"x", "1", 0, 10, 0}).error().code == Code::kInvalidArgument);
  CHECK(ReadTraffic(*log.db, {"x", "1", 0, 10, 1001}).error().code == Code::kInvalidArgument);
  const auto none = ReadTraffic(*log.db, {"x", "1", 0, 10, 3});
  REQUIRE(none);
  CHECK(none->looked == 0);
  CHECK(none->scores.counts.empty());
}

}  // namespace
}  // namespace quern::serving
