#include <doctest/doctest.h>

#include <atomic>
#include <set>
#include <thread>

#include "serving/database_sink.h"
#include "serving/fake_engine.h"
#include "serving/feedback.h"
#include "serving/history.h"
#include "serving/inference.h"
#include "tests/store/engines.h"

namespace quern::serving {
namespace {

struct Store {
  store::TestDatabase database{store::EachEngine()};
  ManualClock clock{1'700'000'000'000};

  int64_t Count(const std::string& sql) {
    int64_t count = -1;
    REQUIRE(database->Query(sql, {}, [&](const store::Row& row) { count = row.Int(0); }));
    return count;
  }
};

/// A database that fails after `good` transactions.
class Failing : public store::Database {
 public:
  Failing(store::Database& below, int good) : below_(below), good_(good) {}
  Status Execute(std::string_view sql, const std::vector<store::Param>& params) override {
    return below_.Execute(sql, params);
  }
  Status Query(std::string_view sql, const std::vector<store::Param>& params,
               const std::function<void(const store::Row&)>& on_row) override {
    return below_.Query(sql, params, on_row);
  }
  Status Transaction(const std::function<Status()>& body) override {
    if (good_-- <= 0) return Fail(Code::kResourceExhausted, "disk full");
    return below_.Transaction(body);
  }

 private:
  store::Database& below_;
  std::atomic<int> good_;
};

PredictionBatch Batch(size_t rows, std::string request_id = "", std::string feature = "1") {
  PredictionBatch batch{std::move(request_id), "heart", "1", 1'700'000'000'000, 0.5, {}};
  for (size_t i = 0; i < rows; ++i) {
    batch.rows.push_back({"{\"x\":" + feature + "}", "[0.25,0.75]", "1"});
  }
  return batch;
}

TEST_CASE("rows are stored under the ids that were given out") {
  Store store;
  PredictionLog log(*store.database, store.clock);
  auto ids = log.Append(Batch(150)).value();
  CHECK(std::set<std::string>(ids.begin(), ids.end()).size() == 150);
  CHECK(ids[0].size() == 36);
  auto found = FindPredictions(*store.database, {ids[149], "nobody", ids[0]}).value();
  REQUIRE(found[0].has_value());
  CHECK(found[0]->row == 149);
  CHECK(found[0]->scores == std::vector<double>{0.25, 0.75});
  CHECK_FALSE(found[1].has_value());
  CHECK(found[2]->made_at == 1'700'000'000'000);
}

TEST_CASE("a request repeated under its id is stored once; another under that id is kept apart") {
  Store store;
  PredictionLog log(*store.database, store.clock);
  auto first = log.Append(Batch(3, "req")).value();
  CHECK(first == std::vector<std::string>{"req-0", "req-1", "req-2"});
  CHECK(log.Append(Batch(3, "req")).value() == first);
  CHECK(store.Count("SELECT count(*) FROM predictions") == 3);
  auto other = log.Append(Batch(3, "req", "2")).value();
  CHECK(other[0].size() == 36);
  CHECK(store.Count("SELECT count(*) FROM predictions WHERE request_id = 'req'") == 6);
  CHECK(log.Append(Batch(5, "req")).value()[4] == "req-4");
  CHECK(store.Count("SELECT count(*) FROM predictions") == 8);
  CHECK(log.Append(Batch(1, "has blank")).value()[0].size() == 36);
  CHECK(log.Append(Batch(1, std::string(129, 'a'))).value()[0].size() == 36);
}

TEST_CASE("many threads: every acknowledged row is in the database") {
  Store store;
  std::atomic<size_t> acknowledged{0};
  {
    PredictionLog log(*store.database, store.clock);
    std::vector<std::thread> threads;
    for (int t = 0; t < 8; ++t) {
      threads.emplace_back([&] {
        for (int i = 0; i < 20; ++i) acknowledged += log.Append(Batch(2)).value().size();
      });
    }
    for (auto& thread : threads) thread.join();
  }
  CHECK(acknowledged == 320);
  CHECK(store.Count("SELECT count(*) FROM predictions") == 320);
}

TEST_CASE("a failing database is an error, not an acknowledgement, and the log goes on") {
  Store store;
  Failing failing(*store.database, 1);
  PredictionLog log(failing, store.clock);
  CHECK(log.Append(Batch(1)).has_value());
  CHECK(log.Append(Batch(1)).error().code == Code::kUnavailable);
  CHECK(log.queued_rows() == 0);
  CHECK(store.Count("SELECT count(*) FROM predictions") == 1);
}

TEST_CASE("queued: answers at once, counts what is lost, refuses beyond the bound") {
  Store store;
  Failing failing(*store.database, 1);
  PredictionLog log(failing, store.clock, {LogAck::kQueued, 10});
  CHECK(log.Append(Batch(4, "req")).value()[0].size() == 36);
  log.Flush();
  CHECK(store.Count("SELECT count(*) FROM predictions") == 4);
  CHECK(log.Append(Batch(4)).has_value());
  log.Flush();
  CHECK(log.lost_rows() == 4);
}

TEST_CASE("a log that cannot keep up refuses instead of growing") {
  Store store;
  PredictionLog log(*store.database, store.clock, {LogAck::kQueued, 10});
  REQUIRE(store.database->Transaction([&]() -> Status {
    CHECK(log.Append(Batch(4)).has_value());
    CHECK(log.Append(Batch(7)).error().code == Code::kUnavailable);
    return {};
  }));
  log.Flush();
  CHECK(log.Append(Batch(7)).has_value());
}

TEST_CASE("labels: last one counts, history is kept, unknown ids too") {
  Store store;
  PredictionLog log(*store.database, store.clock);
  auto ids = log.Append(Batch(2)).value();
  std::vector<Label> labels = {{ids[0], "1", std::nullopt, ""}, {"later-0", "0", 5, "clinic"}};
  auto result = StoreFeedback(*store.database, labels, store.clock).value();
  CHECK(result.accepted == 2);
  CHECK(result.unknown == std::vector<std::string>{"later-0"});
  result = StoreFeedback(*store.database, labels, store.clock).value();
  CHECK(result.unchanged == 2);
  CHECK(result.unknown == std::vector<std::string>{"later-0"});
  labels[0].label = "1.0";
  CHECK(StoreFeedback(*store.database, labels, store.clock)->unchanged == 2);
  labels[0].label = "0";
  CHECK(StoreFeedback(*store.database, labels, store.clock)->updated == 1);
  CHECK(store.Count("SELECT count(*) FROM feedback_history") == 3);
  CHECK(store.Count("SELECT count(*) FROM feedback") == 2);
  CHECK(FindPredictions(*store.database, ids).value()[0]->label == "0");
  CHECK_FALSE(FindPredictions(*store.database, ids).value()[1]->label.has_value());
  REQUIRE(log.Append(Batch(1, "later")));
  CHECK(StoreFeedback(*store.database, labels, store.clock)->unknown.empty());
  CHECK(FindPredictions(*store.database, {"later-0"}).value()[0]->label_time == 5);
  labels.push_back({"", "1", std::nullopt, ""});
  CHECK(StoreFeedback(*store.database, labels, store.clock).error().code == Code::kInvalidArgument);
}

TEST_CASE("scoring logs features as served and history gives them back") {
  Store store;
  PredictionLog log(*store.database, store.clock);
  DatabaseSink sink(log);
  Catalog catalog;
  REQUIRE(catalog.Add(FakeServed("heart", "3", BinarySignature())));
  InferenceService service(catalog, store.clock, &sink);
  const double x[] = {0.1, std::nan("")};
  const bool flag[] = {true, false};
  const std::string_view sex[] = {" y\"es", ""};
  const int64_t shape[] = {2, 1};
  const NamedTensor inputs[] = {{"x", {DataType::kFp64, shape, x}},
                                {"flag", {DataType::kBool, shape, flag}},
                                {"sex", {DataType::kBytes, shape, sex}}};
  InferenceCall call;
  call.id = "q";
  call.inputs = inputs;
  Arena arena;
  auto answer = service.Infer(call, arena).value();
  REQUIRE(answer.prediction_ids.size() == 2);
  CHECK(answer.prediction_ids[1] == "q-1");
  std::vector<LoggedPrediction> read;
  REQUIRE(ReadPredictions(*store.database, {.model = "heart", .version = "3"},
                          [&](LoggedPrediction prediction) -> Status {
                            read.push_back(std::move(prediction));
                            return {};
                          }));
  REQUIRE(read.size() == 2);
  CHECK(read[0].features == R"({"x":0.1,"flag":1,"sex":"y\"es"})");
  CHECK(read[1].features == R"({"x":null,"flag":0,"sex":null})");
  CHECK(read[0].decision == "1");
  CHECK(read[0].scores[1] == answer.outputs[1].tensor.values<double>()[1]);
  Frame again = ServedFrame(read, BinarySignature()).value();
  CHECK(again.columns[0].numbers[0] == 0.1);
  CHECK(again.columns[0].Missing(1));
  CHECK(again.columns[2].texts == std::vector<std::string>{"y\"es", ""});
}

}  // namespace
}  // namespace quern::serving
