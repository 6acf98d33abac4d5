#include "tracking/trash.h"

#include "tracking/test_store.h"

namespace quern::tracking {
namespace {

int64_t Count(TestStore& s, const std::string& table) {
  int64_t count = -1;
  REQUIRE(s.db->Query("SELECT count(*) FROM " + table, {},
                      [&](const store::Row& row) { count = row.Int(0); }));
  return count;
}

std::vector<int64_t> NumsOf(const std::vector<DeletedItem>& items) {
  std::vector<int64_t> nums;
  for (const auto& item : items) nums.push_back(item.num);
  return nums;
}

/// A run with something of everything.
std::string FullRun(TestStore& s) {
  const std::string id = s.Start({{"tag", "t"}});
  for (int64_t first = 0; first < 3000; first += 900) {
    Batch batch;
    for (int64_t step = first; step < first + 900; ++step) {
      batch.metrics.push_back(At("loss", 0.5, step, step));
    }
    batch.params = {{"depth", "3"}};
    REQUIRE(s.runs.Log(id, batch));
  }
  DatasetInput input;
  input.dataset.name = "d";
  input.dataset.digest = "x";
  input.dataset.source_type = "local";
  input.dataset.source = "{}";
  input.tags = {{"mlflow.data.context", "train"}};
  REQUIRE(s.runs.LogInputs(id, {input}, {}));
  return id;
}

}  // namespace

TEST_CASE("a run goes with all that was logged to it, one that was deleted later stays") {
  TestStore s;
  Trash trash(*s.db, s.experiments);
  const std::string old = FullRun(s);
  const std::string young = s.Start();
  const std::string live = s.Start();
  REQUIRE(s.runs.Delete(old));
  s.clock.Set(5000);
  REQUIRE(s.runs.Delete(young));

  const auto found = trash.Runs(1000);
  REQUIRE(found);
  REQUIRE(found->size() == 1);
  CHECK(found->front().id == old);
  CHECK(found->front().deleted_ms == 1000);
  CHECK(found->front().artifact_uri ==
        "mlflow-artifacts:/" + std::to_string(s.experiment) + "/" + old + "/artifacts");
  // Not claimed: it stays.
  REQUIRE(trash.RemoveRuns(NumsOf(*found)));
  CHECK(s.runs.Info(old));
  const auto claimed = trash.ClaimRuns(NumsOf(*found));
  REQUIRE(claimed);
  CHECK(claimed->size() == 1);
  CHECK(s.runs.Restore(old).error().code == Code::kFailedPrecondition);
  // A purge that broke off here: the next one finds it, however short the retention.
  CHECK(trash.Runs(1)->size() == 1);
  REQUIRE(trash.RemoveRuns(*claimed));
  CHECK(s.runs.Info(old).error().code == Code::kNotFound);
  CHECK(trash.RemoveUnreadDatasets() == 1);
  for (const char* table : {"run_params", "metric_series", "metric_points", "metric_chunks",
                            "run_inputs", "run_input_tags", "datasets"}) {
    CHECK_MESSAGE(Count(s, table) == 0, table);
  }
  CHECK(Count(s, "runs") == 2);
  CHECK(trash.UnknownIds({old, young, live}) == std::vector<std::string>{old});
  REQUIRE(s.runs.Restore(young));
  CHECK(trash.ClaimRuns({2, 3})->empty());
}

TEST_CASE("a restored run is not claimed") {
  TestStore s;
  Trash trash(*s.db, s.experiments);
  const std::string id = s.Start();
  REQUIRE(s.runs.Delete(id));
  const auto found = trash.Runs(1000);
  REQUIRE(s.runs.Restore(id));
  CHECK(trash.ClaimRuns(NumsOf(*found))->empty());
  REQUIRE(trash.RemoveRuns(NumsOf(*found)));
  CHECK(s.runs.Info(id));
}

TEST_CASE("an experiment goes after its runs and models") {
  TestStore s;
  Trash trash(*s.db, s.experiments);
  const std::string run = FullRun(s);
  NewLoggedModel model;
  model.experiment_id = s.experiment;
  model.name = "m";
  model.source_run_id = run;
  model.params = {{"a", "b"}};
  const auto made = s.models.Create(model);
  REQUIRE(made);
  REQUIRE(s.runs.LogOutputs(run, {{made->id, 0}}));
  REQUIRE(s.experiments.SetTag(s.experiment, "k", "v"));
  CHECK(trash.LoggedModels(9000)->empty());
  REQUIRE(s.experiments.Delete(s.experiment));
  const std::string name = s.experiments.Get(s.experiment)->name;
  CHECK(s.experiments.Create(name, "", {}).error().code == Code::kAlreadyExists);

  CHECK(trash.Experiments(999)->empty());
  const auto found = trash.Experiments(1000);
  REQUIRE(found->size() == 1);
  CHECK(found->front().name == name);
  const auto models = trash.LoggedModels(1000);
  REQUIRE(models->size() == 1);
  // The model itself was not deleted: it stays until the experiment is claimed.
  REQUIRE(trash.RemoveLoggedModels(NumsOf(*models)));
  CHECK(Count(s, "logged_models") == 1);
  CHECK(trash.ClaimExperiments({s.experiment})->size() == 1);
  CHECK(s.experiments.Restore(s.experiment).error().code == Code::kFailedPrecondition);
  CHECK(trash.RemoveExperiments({s.experiment}).error().code == Code::kFailedPrecondition);
  REQUIRE(trash.RemoveRuns(*trash.ClaimRuns(NumsOf(*trash.Runs(1000)))));
  REQUIRE(trash.RemoveLoggedModels(NumsOf(*models)));
  CHECK(Count(s, "logged_model_params") == 0);
  CHECK(Count(s, "run_models") == 0);
  REQUIRE(trash.RemoveExperiments({s.experiment}));
  CHECK(Count(s, "experiment_tags") == 0);
  const auto again = s.experiments.Create(name, "", {});
  REQUIRE(again);
  CHECK(*again > s.experiment);
}

TEST_CASE("the experiment that clients take for granted stays, its runs do not") {
  TestStore s;
  Trash trash(*s.db, s.experiments);
  REQUIRE(s.experiments.EnsureDefault());
  NewRun run;
  run.experiment_id = 0;
  const auto made = s.runs.Create(run);
  REQUIRE(made);
  NewLoggedModel model;
  model.experiment_id = 0;
  model.name = "m";
  REQUIRE(s.models.Create(model));
  REQUIRE(s.experiments.Delete(0));
  CHECK(trash.Experiments(1000)->empty());
  CHECK(trash.LoggedModels(1000)->empty());
  CHECK(trash.Runs(1000)->size() == 1);
}

TEST_CASE("a deleted experiment with a run that was restored by itself is in use") {
  TestStore s;
  Trash trash(*s.db, s.experiments);
  const std::string run = s.Start();
  REQUIRE(s.experiments.Delete(s.experiment));
  CHECK(trash.ExperimentsInUse()->empty());
  REQUIRE(s.runs.Restore(run));
  CHECK(trash.ExperimentsInUse() == std::vector<int64_t>{s.experiment});
}

}  // namespace quern::tracking
