#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <limits>
#include <thread>

#include "tracking/names.h"
#include "tracking/test_store.h"

namespace quern::tracking {
namespace {

std::string Message(const Status& status) {
  REQUIRE_FALSE(status);
  return status.error().message;
}

std::vector<double> Values(const std::vector<Point>& points) {
  std::vector<double> values;
  for (const Point& point : points) values.push_back(point.value);
  return values;
}

}  // namespace

TEST_CASE("an experiment is made, found, renamed, deleted with its runs and restored") {
  TestStore store;
  CHECK(store.experiments.Get(store.experiment)->artifact_location ==
        "mlflow-artifacts:/" + std::to_string(store.experiment));
  CHECK(store.experiments.Create("e", "", {}).error().code == Code::kAlreadyExists);
  CHECK(store.experiments.Get(77).error().message == "No Experiment with id=77 exists");
  CHECK(store.experiments.ByName("zz").error().message ==
        "Could not find experiment with name 'zz'");
  CHECK(store.experiments.Create("x", "s3://b/p?versionId=1", {}).error().code ==
        Code::kInvalidArgument);
  const std::string kept = store.Start();
  const std::string gone = store.Start();
  REQUIRE(store.runs.Delete(gone));
  store.clock.Set(store.clock.NowMs() + 5);
  REQUIRE(store.experiments.Delete(store.experiment));
  CHECK(store.runs.Info(kept)->deleted);
  CHECK(store.experiments.Rename(store.experiment, "f").error().code == Code::kFailedPrecondition);
  CHECK(store.experiments.ByName("e")->deleted);
  NewRun run;
  run.experiment_id = store.experiment;
  CHECK(store.runs.Create(run).error().code == Code::kInvalidArgument);
  store.clock.Set(store.clock.NowMs() + 5);
  REQUIRE(store.experiments.Restore(store.experiment));
  CHECK_FALSE(store.runs.Info(kept)->deleted);
  CHECK(store.runs.Info(gone)->deleted);
  REQUIRE(store.experiments.Rename(store.experiment, "f"));
  REQUIRE(store.experiments.SetTag(store.experiment, "k", "v"));
  CHECK(store.experiments.Get(store.experiment)->tags == Texts{{"k", "v"}});
  REQUIRE(store.experiments.DeleteTag(store.experiment, "k"));
  CHECK(store.experiments.DeleteTag(store.experiment, "k").error().code == Code::kNotFound);
  REQUIRE(store.experiments.EnsureDefault());
  REQUIRE(store.experiments.EnsureDefault());
  CHECK(store.experiments.Get(0)->name == "Default");
  CHECK(*store.experiments.Create("later", "", {}) > store.experiment);
}

TEST_CASE("a run's name and its tag are one") {
  TestStore store;
  const std::string id = store.Start({{"mlflow.runName", "first"}});
  CHECK(store.runs.Get(id)->info.name == "first");
  REQUIRE(store.runs.Update(id, {RunStatus::kFinished, 2000, "second"}));
  auto run = store.runs.Get(id);
  CHECK(run->tags.at("mlflow.runName") == "second");
  CHECK(run->info.status == "FINISHED");
  CHECK(run->info.end_ms == 2000);
  REQUIRE(store.runs.Log(id, {{}, {}, {{"mlflow.runName", "third"}}}));
  CHECK(store.runs.Info(id)->name == "third");
  NewRun both;
  both.experiment_id = store.experiment;
  both.name = "a";
  both.tags["mlflow.runName"] = "b";
  CHECK(store.runs.Create(both).error().code == Code::kInvalidArgument);
  CHECK_FALSE(store.runs.Get(store.Start())->info.name.empty());
}

TEST_CASE("a batch is kept whole or not at all") {
  TestStore store;
  const std::string id = store.Start();
  REQUIRE(store.runs.LogParam(id, "a", "1"));
  REQUIRE(store.runs.LogParam(id, "a", "1"));
  CHECK(Message(store.runs.LogParam(id, "a", "2")) ==
        "Changing param values is not allowed. Param with key='a' was already logged with "
        "value='1' for run ID='" +
            id + "'. Attempted logging new value '2'.");
  Batch batch{{At("m", 1)}, {{"b", "1"}, {"a", "3"}}, {{"t", "x"}}};
  CHECK(Message(store.runs.Log(id, batch)) ==
        "Changing param values is not allowed. Params were already logged='[{'key': 'a', "
        "'old_value': '1', 'new_value': '3'}]' for run ID='" +
            id + "'.");
  const auto run = store.runs.Get(id);
  CHECK(run->params == Texts{{"a", "1"}});
  CHECK(run->metrics.empty());
  CHECK_FALSE(run->tags.contains("t"));
  CHECK(Message(store.runs.Log(id, {{}, {{"b", "1"}, {"b", "1"}}, {}})) ==
        "Duplicate parameter keys have been submitted: ['b']. Please ensure the request contains "
        "only one param value per param key.");
  Batch large;
  for (int i = 0; i < 1001; ++i) large.metrics.push_back(At("m", i, i));
  CHECK(Message(store.runs.Log(id, large)) ==
        "A batch logging request can contain at most 1000 metrics. Got 1001 metrics. Please split "
        "up metrics across multiple requests and try again.");
  CHECK(Message(store.runs.Log(id, {{At("a?b", 1)}, {}, {}})).find("Names may only contain") !=
        std::string::npos);
  CHECK(Message(store.runs.Log(id, {{At("../x", 1)}, {}, {}})).find("resolve to '../x'") !=
        std::string::npos);
  CHECK_FALSE(store.runs.Log(id, {{At("n", 1, 0, -1)}, {}, {}}));
  REQUIRE(store.runs.LogParam(id, "long", std::string(7000, 'x')));
  CHECK(store.runs.Get(id)->params.at("long").size() == kMaxParamValue);
  REQUIRE(store.runs.Delete(id));
  CHECK(Message(store.runs.Log(id, {})) ==
        "The run " + id + " must be in the 'active' state. Current state is deleted.");
  CHECK(Message(store.runs.Log("nope", {})) == "Run with id=nope not found");
}

TEST_CASE("the last value is by step, then time, then value; repeats are one point") {
  TestStore store;
  const std::string id = store.Start();
  REQUIRE(store.runs.Log(
      id, {{At("m", 3, 5, 10), At("m", 9, 2, 99), At("m", 4, 5, 10), At("m", 4, 5, 10)}, {}, {}}));
  REQUIRE(store.runs.Log(id, {{At("m", 1, 5, 9), At("m", std::nan(""), 5, 10)}, {}, {}}));
  const auto run = store.runs.Get(id);
  REQUIRE(run->metrics.size() == 1);
  CHECK(run->metrics[0].value == 4);
  CHECK(run->metrics[0].points == 5);
  CHECK(run->metrics[0].least == 1);
  CHECK(run->metrics[0].greatest == 9);
  const auto history = store.runs.History(id, "m", 100, "");
  REQUIRE(history->items.size() == 5);
  CHECK(history->items[0].value == 1);
  CHECK(std::isnan(history->items[1].value));
  CHECK(history->items[4].value == 9);
  const double infinite = std::numeric_limits<double>::infinity();
  REQUIRE(store.runs.Log(id, {{At("i", infinite), At("j", -infinite)}, {}, {}}));
  CHECK(store.runs.History(id, "i", 1, "")->items[0].value == std::numeric_limits<double>::max());
  CHECK(store.runs.History(id, "none", 1, "")->items.empty());
  CHECK_FALSE(store.runs.History(id, "m", 0, ""));
  CHECK_FALSE(store.runs.History(id, "m", 1, "x"));
}

TEST_CASE("a long series is the same whatever way its points came") {
  TestStore store;
  const std::string one_by_one = store.Start(), in_batches = store.Start();
  constexpr int kPoints = 2600;
  REQUIRE(store.db->Transaction([&]() -> Status {
    for (int i = 0; i < kPoints; ++i) {
      QUERN_TRY(store.runs.Log(one_by_one, {{At("m", i * 0.5, i, 1000 + i)}, {}, {}}));
    }
    return {};
  }));
  for (int at = 0; at < kPoints; at += 650) {
    Batch batch;
    for (int i = at; i < at + 650; ++i) batch.metrics.push_back(At("m", i * 0.5, i, 1000 + i));
    REQUIRE(store.runs.Log(in_batches, batch));
    REQUIRE(store.runs.Log(in_batches, batch));  // a client that was not sure
  }
  int64_t chunks = 0;
  REQUIRE(store.db->Query("SELECT count(*) FROM metric_chunks", {},
                          [&](const store::Row& row) { chunks = row.Int(0); }));
  CHECK(chunks >= 4);
  for (const std::string& id : {one_by_one, in_batches}) {
    const auto run = store.runs.Get(id);
    CHECK(run->metrics[0].points == kPoints);
    CHECK(run->metrics[0].value == (kPoints - 1) * 0.5);
    std::vector<double> all;
    std::string token;
    do {
      const auto page = store.runs.History(id, "m", 1000, token);
      REQUIRE(page);
      for (const double value : Values(page->items)) all.push_back(value);
      token = page->next_token;
    } while (!token.empty());
    REQUIRE(all.size() == kPoints);
    for (int i = 0; i < kPoints; ++i) CHECK(all[static_cast<size_t>(i)] == i * 0.5);
  }
  // A point of long ago, sent again, is no new point; another value at its place is.
  REQUIRE(store.runs.Log(in_batches, {{At("m", 5, 10, 1010), At("m", 6, 10, 1010)}, {}, {}}));
  CHECK(store.runs.Get(in_batches)->metrics[0].points == kPoints + 1);
}

TEST_CASE("a chart asks for steps, the same for all runs, with every run's ends") {
  TestStore store;
  const std::string a = store.Start(), b = store.Start();
  Batch first, second;
  for (int i = 0; i < 1000; ++i) first.metrics.push_back(At("m", i, i, i));
  for (int i = 101; i < 150; ++i) second.metrics.push_back(At("m", -i, i * 3, i));
  second.metrics.push_back(At("m", 7, -5, 1));
  REQUIRE(store.runs.Log(a, first));
  REQUIRE(store.runs.Log(b, second));
  const auto points = store.runs.HistoryInterval({a, b}, "m", {}, {}, 10);
  REQUIRE(points);
  std::vector<int64_t> of_a, of_b;
  for (const auto& run : *points) {
    for (const Point& point : run.points) (run.run_id == a ? of_a : of_b).push_back(point.step);
  }
  CHECK(of_a ==
        std::vector<int64_t>{0, 100, 200, 300, 303, 400, 447, 500, 600, 700, 800, 900, 999});
  CHECK(of_b == std::vector<int64_t>{303, 447});
  const auto part = store.runs.HistoryInterval({b}, "m", 310, 320, 10);
  REQUIRE(part->size() == 1);
  REQUIRE((*part)[0].points.size() == 3);
  CHECK((*part)[0].points[0].step == 312);
  CHECK_FALSE(store.runs.HistoryInterval({a}, "m", 1, {}, 10));
  CHECK_FALSE(store.runs.HistoryInterval({a}, "m", 5, 1, 10));
  const auto bulk = store.runs.HistoryBulk({a, b}, "m", 5);
  REQUIRE(bulk->size() == 2);
  CHECK((*bulk)[0].points.size() == 5);
  CHECK((*bulk)[1].points.size() == 5);
}

TEST_CASE("searches page through runs, with what is asked of each") {
  TestStore store;
  std::vector<std::string> ids;
  for (int i = 0; i < 25; ++i) {
    store.clock.Set(store.clock.NowMs() + 1);
    NewRun run;
    run.experiment_id = store.experiment;
    run.start_ms = store.clock.NowMs();
    ids.push_back(store.runs.Create(run)->info.id);
    REQUIRE(store.runs.Log(ids.back(), {{At("loss", i % 5)}, {{"p", std::to_string(i)}}, {}}));
  }
  SearchRequest request;
  request.max_results = 10;
  std::vector<std::string> seen;
  do {
    const auto page = store.runs.Search({store.experiment}, ViewType::kActiveOnly, request);
    REQUIRE(page);
    for (const Run& run : page->items) seen.push_back(run.info.id);
    request.page_token = page->next_token;
  } while (!request.page_token.empty());
  std::reverse(ids.begin(), ids.end());
  CHECK(seen == ids);
  request = {};
  request.filter = "metrics.loss < 1 OR params.p = '3'";
  const auto found =
      store.runs.Search({store.experiment}, ViewType::kActiveOnly, request, {true, false, false});
  CHECK(found->items.size() == 6);
  CHECK(found->items[0].metrics.empty());
  CHECK(found->items[0].params.size() == 1);
  CHECK(*store.runs.Count({store.experiment}, ViewType::kActiveOnly, request.filter) == 6);
  CHECK(store.runs.Search({}, ViewType::kAll, {})->items.empty());
  request.filter = "metrics.loss <";
  CHECK(store.runs.Search({store.experiment}, ViewType::kAll, request).error().code ==
        Code::kInvalidArgument);
}

TEST_CASE("a search of the top level leaves nested runs out") {
  TestStore store;
  const std::string parent = store.Start();
  const std::string child = store.Start({{"mlflow.parentRunId", parent}});
  const auto found = [&](RunLevel level) {
    std::vector<std::string> ids;
    const auto page = store.runs.Search({store.experiment}, ViewType::kActiveOnly, {}, {}, level);
    for (const Run& run : page->items) ids.push_back(run.info.id);
    std::sort(ids.begin(), ids.end());
    return ids;
  };
  std::vector<std::string> both{parent, child};
  std::sort(both.begin(), both.end());
  CHECK(found(RunLevel::kAll) == both);
  CHECK(found(RunLevel::kTop) == std::vector<std::string>{parent});
  REQUIRE(store.runs.DeleteTag(child, "mlflow.parentRunId"));
  CHECK(found(RunLevel::kTop) == both);
}

TEST_CASE("datasets and models are linked to runs") {
  TestStore store;
  const std::string id = store.Start();
  const DatasetInput input{{"d", "abc", "local", "file", "{}", std::nullopt},
                           {{"mlflow.data.context", "training"}}};
  REQUIRE(store.runs.LogInputs(id, {input, input}, {{"m-1", 0}}));
  REQUIRE(store.runs.LogOutputs(id, {{"m-2", 3}}));
  const auto run = store.runs.Get(id);
  REQUIRE(run->dataset_inputs.size() == 1);
  CHECK(run->dataset_inputs[0].tags.at("mlflow.data.context") == "training");
  CHECK(run->dataset_inputs[0].dataset.schema == "{}");
  CHECK(run->model_inputs[0].model_id == "m-1");
  CHECK(run->model_outputs[0].step == 3);
  const auto summaries = store.runs.Datasets({store.experiment});
  REQUIRE(summaries->size() == 1);
  CHECK((*summaries)[0].context == "training");
  const DatasetInput long_digest{{"d", std::string(37, 'a'), "", "", {}, {}}, {}};
  CHECK_FALSE(store.runs.LogInputs(id, {long_digest}, {}));
}

TEST_CASE("logged models keep parameters, tags and the metrics of their runs") {
  TestStore store;
  const std::string run = store.Start();
  NewLoggedModel wanted{store.experiment, "clf", "sklearn", run, {{"p", "1"}}, {{"t", "x"}}};
  const auto made = store.models.Create(wanted);
  REQUIRE(made);
  CHECK(made->status == "LOGGED_MODEL_PENDING");
  CHECK(made->artifact_uri == "mlflow-artifacts:/" + std::to_string(store.experiment) + "/models/" +
                                  made->id + "/artifacts");
  MetricPoint point = At("auc", 0.8, 1, 5);
  point.model_id = made->id;
  MetricPoint later = point;
  later.step = 2;
  later.value = 0.9;
  MetricPoint on_data = point;
  on_data.dataset_name = "d";
  on_data.dataset_digest = "1";
  REQUIRE(store.runs.Log(run, {{point, later, on_data}, {}, {}}));
  REQUIRE(store.models.SetTags(made->id, {{"u", "y"}}));
  REQUIRE(store.models.DeleteTag(made->id, "t"));
  REQUIRE(store.models.Finalize(made->id, "LOGGED_MODEL_READY"));
  CHECK_FALSE(store.models.Finalize(made->id, "LOGGED_MODEL_PENDING"));
  const auto model = store.models.Get(made->id);
  CHECK(model->tags == Texts{{"u", "y"}});
  CHECK(model->params == Texts{{"p", "1"}});
  REQUIRE(model->metrics.size() == 2);
  CHECK(model->metrics[0].point.value == 0.9);
  CHECK(model->metrics[1].point.dataset_name == "d");
  CHECK(
      store.models.Search({store.experiment}, "metrics.auc > 0.85", {}, {}, 10, "")->items.size() ==
      1);
  CHECK(store.models.Search({store.experiment}, "name = 'other'", {}, {}, 10, "")->items.empty());
  REQUIRE(store.models.Delete(made->id));
  CHECK(store.models.Get(made->id).error().code == Code::kNotFound);
  CHECK_FALSE(store.models.Create({store.experiment, "a/b", "", "", {}, {}}));
}

TEST_CASE("threads that log at once lose nothing") {
  TestStore store;
  const std::string id = store.Start();
  constexpr int kThreads = 8, kEach = 60;
  std::atomic<int> failed{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < kEach; ++i) {
        if (!store.runs.Log(id, {{At("m", t, i, t)}, {}, {}})) ++failed;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(failed == 0);
  CHECK(store.runs.Get(id)->metrics[0].points == kThreads * kEach);
}

}  // namespace quern::tracking
