#include <atomic>
#include <set>
#include <thread>

#include "serving/feedback.h"
#include "serving/history.h"
#include "serving/log_fixture.h"

namespace quern::serving {
namespace {

TEST_CASE("rows are stored under the ids that were given out") {
  LogStore store(store::EachEngine());
  auto log = store.Open();
  auto ids = store.Ask(*log, 150, "", 1, "canary").value();
  CHECK(std::set<std::string>(ids.begin(), ids.end()).size() == 150);
  CHECK(ids[0].size() == 36);
  REQUIRE(log->CatchUp());
  auto found = FindPredictions(*store.database, {ids[149], "nobody", ids[0]}).value();
  REQUIRE(found[0].has_value());
  CHECK(found[0]->row == 149);
  CHECK(found[0]->route == "canary");
  CHECK(found[0]->features == R"({"x":150,"flag":1,"sex":"yes"})");
  CHECK_FALSE(found[1].has_value());
  CHECK(found[2]->made_at == 1'700'000'000'000);
}

TEST_CASE("a request repeated under its id is stored once; another under that id is kept apart") {
  LogStore store(store::EachEngine());
  auto log = store.Open();
  auto first = store.Ask(*log, 3, "req").value();
  CHECK(first == std::vector<std::string>{"req-0", "req-1", "req-2"});
  CHECK(store.Ask(*log, 3, "req").value() == first);
  REQUIRE(log->CatchUp());
  CHECK(store.Count("SELECT count(*) FROM predictions") == 3);
  CHECK(log->counts().moved.repeated == 3);
  REQUIRE(store.Ask(*log, 3, "req", 7));
  REQUIRE(log->CatchUp());
  CHECK(log->counts().moved.renamed == 3);
  CHECK(store.Count("SELECT count(*) FROM predictions WHERE request_id = 'req'") == 6);
  CHECK(FindPredictions(*store.database, {"req-0"}).value()[0]->features ==
        R"({"x":1,"flag":1,"sex":"yes"})");
  CHECK(store.Ask(*log, 5, "req").value()[4] == "req-4");
  REQUIRE(log->CatchUp());
  CHECK(store.Count("SELECT count(*) FROM predictions") == 8);
  CHECK(store.Ask(*log, 1, "has blank").value()[0].size() == 36);
  CHECK(store.Ask(*log, 1, std::string(129, 'a')).value()[0].size() == 36);
  REQUIRE(log->CatchUp());
  CHECK(store.Count("SELECT count(*) FROM predictions WHERE request_id = 'has blank'") == 1);
}

TEST_CASE("many threads: every acknowledged row is in the database, and no segment is left") {
  LogStore store(store::EachEngine());
  std::atomic<size_t> acknowledged{0};
  {
    auto options = Unhurried(store.dir.path());
    options.move_seconds = 0.001;
    options.sync_seconds = 0.001;
    options.segment_bytes = 1000;
    auto log = store.Open(std::move(options));
    std::vector<std::thread> threads;
    for (int t = 0; t < 8; ++t) {
      threads.emplace_back([&] {
        Arena arena;
        const ServedModelPtr model = store.catalog.Default().value();
        const double x[] = {1, 2};
        const std::string_view sex[] = {"yes", ""};
        const double scores[] = {0.5, 0.5, 0.25, 0.75};
        const int64_t label[] = {0, 1};
        const int64_t one[] = {2, 1};
        const int64_t two[] = {2, 2};
        const TensorView inputs[] = {
            {DataType::kFp64, one, x}, {DataType::kFp64, one, x}, {DataType::kBytes, one, sex}};
        const TensorView outputs[] = {{DataType::kInt64, one, label},
                                      {DataType::kFp64, two, scores}};
        const InferenceCall call;
        for (int i = 0; i < 50; ++i) {
          arena.Reset();
          acknowledged +=
              log->Log({*model, call, inputs, outputs, 2, store.clock.NowMs(), 0.5}, arena)
                  .value()
                  .size();
        }
      });
    }
    for (auto& thread : threads) thread.join();
    CHECK(log->counts().rows == 800);
  }
  CHECK(acknowledged == 800);
  CHECK(store.Count("SELECT count(*) FROM predictions") == 800);
  CHECK(store.Segments().empty());
  CHECK(store.Count("SELECT count(*) FROM prediction_segments") == 0);
}

TEST_CASE("two movers take turns on one segment") {
  LogStore store(store::EachEngine());
  auto log = store.Open();
  PredictionMover other(*store.database, store.clock, store.dir.path());
  for (int i = 0; i < 5; ++i) {
    REQUIRE(store.Ask(*log, 2));
    REQUIRE((i % 2 == 0 ? log->CatchUp() : other.CatchUp()));
    CHECK(store.Count("SELECT count(*) FROM predictions") == 2 * (i + 1));
  }
  CHECK(log->counts().moved.rows + other.totals().rows == 10);
  CHECK(log->counts().moved.repeated + other.totals().repeated == 0);
}

TEST_CASE("what a wake-up logged goes out by one write, or not at all") {
  LogStore store(store::Engine::kSqlite);
  FaultyFs fs(RealFs(), 4);  // the folder, a segment, its header; the first write fails
  auto options = Unhurried(store.dir.path());
  options.fs = &fs;
  auto log = store.Open(std::move(options));
  {
    const DeferredLog deferred;
    REQUIRE(store.Ask(*log, 2, "a"));
    REQUIRE(store.Ask(*log, 2, "b"));
    CHECK(fs.calls() == 3);
    CHECK(log->CommitDeferred().error().code == Code::kUnavailable);
    CHECK(log->CommitDeferred());
  }
  CHECK(log->counts().refused_rows == 4);
  CHECK(store.Ask(*log, 1).error().code == Code::kUnavailable);
  REQUIRE(log->CatchUp());
  CHECK(store.Count("SELECT count(*) FROM predictions") == 0);
}

TEST_CASE("dropping: answers all the same, and counts") {
  LogStore store(store::Engine::kSqlite);
  FaultyFs fs(RealFs(), 5);
  auto options = Unhurried(store.dir.path());
  options.fs = &fs;
  options.when_full = LogFull::kDrop;
  auto log = store.Open(std::move(options));
  CHECK(store.Ask(*log, 2).value().size() == 2);
  CHECK(store.Ask(*log, 2).value().empty());  // no id that stands for nothing
  CHECK(store.Ask(*log, 3).value().empty());
  CHECK(log->counts().dropped_rows == 5);
  CHECK(log->counts().rows == 2);
  REQUIRE(log->CatchUp());
  CHECK(store.Count("SELECT count(*) FROM predictions") == 2);
}

TEST_CASE("a log that the database does not take from refuses instead of growing") {
  LogStore store(store::Engine::kSqlite);
  auto options = Unhurried(store.dir.path());
  options.max_waiting_bytes = 1000;
  options.move_seconds = 0.001;
  auto log = store.Open(std::move(options));
  REQUIRE(store.database->Transaction([&]() -> Status {
    size_t kept = 0;
    while (store.Ask(*log, 1)) ++kept;
    CHECK(kept > 2);
    CHECK(kept < 10);
    CHECK(store.Ask(*log, 1).error().code == Code::kUnavailable);
    return {};
  }));
  // The mover goes on, and so does the log.
  while (!store.Ask(*log, 1)) {
  }
}

TEST_CASE("only what the policy names is kept, and hashed columns match among themselves") {
  LogStore store(store::Engine::kSqlite);
  auto options = Unhurried(store.dir.path());
  options.policy = {1, {"x"}, {"sex"}, std::string(32, 'k')};
  auto log = store.Open(std::move(options));
  const auto ids = store.Ask(*log, 2).value();
  REQUIRE(log->CatchUp());
  const auto found = FindPredictions(*store.database, ids).value();
  // printf yes | openssl dgst -sha256 -hmac kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk | cut -c-32
  CHECK(found[0]->features == R"({"x":1,"sex":"6950b57a30f3f4611ee8c3f6d9a451d7"})");
  CHECK(found[1]->features == R"({"x":2,"sex":"6950b57a30f3f4611ee8c3f6d9a451d7"})");
  for (const LogPolicy& wrong :
       {LogPolicy{1.5, {}, {}, {}}, LogPolicy{1, {}, {"sex"}, {}}, LogPolicy{1, {""}, {}, {}}}) {
    auto bad = Unhurried(store.dir.path());
    bad.policy = wrong;
    CHECK(PredictionLog::Open(*store.database, store.clock, bad).error().code ==
          Code::kInvalidArgument);
  }
}

TEST_CASE("what is older than the retention goes with its label") {
  LogStore store(store::Engine::kSqlite);
  auto log = store.Open();
  const auto old = store.Ask(*log, 2).value();
  store.clock.Set(store.clock.NowMs() + 10'000);
  const auto young = store.Ask(*log, 1).value();
  const std::vector<Label> labels = {{old[0], "1", std::nullopt, ""}, {young[0], "1", {}, ""}};
  REQUIRE(StoreFeedback(*store.database, labels, store.clock));
  log.reset();
  auto options = Unhurried(store.dir.path());
  options.retention_seconds = 5;
  options.state_dir = store.dir.path();
  options.move_seconds = 0.001;
  log = store.Open(std::move(options));
  while (store.Count("SELECT count(*) FROM predictions") != 1) std::this_thread::yield();
  while (store.Count("SELECT count(*) FROM feedback") != 1) std::this_thread::yield();
  CHECK(FindPredictions(*store.database, young).value()[0]->label == "1");
}

TEST_CASE("a share keeps the same requests each time; none keeps none") {
  LogStore store(store::Engine::kSqlite);
  auto options = Unhurried(store.dir.path());
  options.policy.share = 0.25;
  auto log = store.Open(std::move(options));
  size_t kept = 0;
  for (int i = 0; i < 400; ++i) {
    const std::string id = "request " + std::to_string(i);
    const bool first = !store.Ask(*log, 1, id)->empty();
    CHECK(first == !store.Ask(*log, 1, id)->empty());
    kept += first ? 1 : 0;
  }
  CHECK(kept > 70);  // 400 draws of 0.25: 100 with a standard deviation of 8.7
  CHECK(kept < 130);
  size_t without_id = 0;
  for (int i = 0; i < 400; ++i) without_id += store.Ask(*log, 1)->size();
  CHECK(without_id > 70);
  CHECK(without_id < 130);
  log.reset();
  options = Unhurried(store.dir.path());
  options.policy.share = 0;
  log = store.Open(std::move(options));
  CHECK(store.Ask(*log, 1)->empty());
  CHECK(log->counts().rows == 0);
}

TEST_CASE("labels: last one counts, history is kept, unknown ids too") {
  LogStore store(store::EachEngine());
  auto log = store.Open();
  auto ids = store.Ask(*log, 2).value();
  REQUIRE(log->CatchUp());
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
  REQUIRE(store.Ask(*log, 1, "later"));
  REQUIRE(log->CatchUp());
  CHECK(StoreFeedback(*store.database, labels, store.clock)->unknown.empty());
  CHECK(FindPredictions(*store.database, {"later-0"}).value()[0]->label_time == 5);
  labels.push_back({"", "1", std::nullopt, ""});
  CHECK(StoreFeedback(*store.database, labels, store.clock).error().code == Code::kInvalidArgument);
}

TEST_CASE("scoring logs features as served and history gives them back") {
  LogStore store(store::EachEngine());
  auto log = store.Open();
  REQUIRE(store.catalog.Add(FakeServed("heart", "3", BinarySignature())));
  const InferenceService service(store.catalog, store.clock, log.get());
  const double x[] = {0.1, std::nan("")};
  const bool flag[] = {true, false};
  const std::string_view sex[] = {" y\"es", ""};
  const int64_t shape[] = {2, 1};
  const NamedTensor inputs[] = {{"x", {DataType::kFp64, shape, x}},
                                {"flag", {DataType::kBool, shape, flag}},
                                {"sex", {DataType::kBytes, shape, sex}}};
  InferenceCall call;
  call.id = "q";
  call.version = "3";
  call.inputs = inputs;
  Arena arena;
  auto answer = service.Infer(call, arena).value();
  REQUIRE(answer.prediction_ids.size() == 2);
  CHECK(answer.prediction_ids[1] == "q-1");
  REQUIRE(log->CatchUp());
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
