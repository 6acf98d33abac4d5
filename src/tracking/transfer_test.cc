#include "tracking/transfer.h"

#include <cmath>
#include <limits>

#include "tracking/test_store.h"

namespace quern::tracking {
namespace {

constexpr double kInf = std::numeric_limits<double>::infinity();

struct TransferStore : TestStore {
  Transfer transfer{*db, experiments, runs, models};
};

Experiment Named(const std::string& name, int64_t id) {
  Experiment wanted;
  wanted.id = id;
  wanted.name = name;
  wanted.artifact_location = "s3://bucket/" + name;
  wanted.created_ms = 11;
  wanted.updated_ms = 22;
  wanted.tags = {{"a", "1"}};
  return wanted;
}

RunRecord Record(int64_t experiment) {
  RunRecord record;
  record.info.id = "0123456789abcdef0123456789abcdef";
  record.info.experiment_id = experiment;
  record.info.name = "one";
  record.info.user_id = "ann";
  record.info.status = "FINISHED";
  record.info.start_ms = 1;
  record.info.end_ms = 2;
  record.info.artifact_uri = "s3://bucket/x";
  record.info.deleted = true;
  record.deleted_ms = 3;
  record.params = {{"long", std::string(9000, 'x')}, {"empty", ""}};
  record.tags = {{"mlflow.runName", "one"}, {"mlflow.parentRunId", "p"}};
  for (int64_t step = 0; step < 3000; ++step) record.metrics["long"].push_back({step, step, 0.5});
  record.metrics["few"] = {{2, 1, kInf}, {1, 0, std::nan("")}, {2, 1, -kInf}, {1, 0, std::nan("")}};
  record.datasets = {{{"d", "dig", "local", "src", "{}", std::nullopt}, {{"k", "v"}}}};
  record.model_inputs = {{"m-1", 0}};
  record.model_outputs = {{"m-2", 7}};
  return record;
}

}  // namespace

TEST_CASE("an experiment keeps its id, or is the one of its name") {
  TransferStore store;
  const auto added = store.transfer.PutExperiment(Named("alpha", 900));
  REQUIRE(added);
  CHECK(added->id == 900);
  CHECK(added->kept == Kept::kAdded);
  const auto kept = store.experiments.Get(900);
  CHECK(kept->artifact_location == "s3://bucket/alpha");
  CHECK(kept->created_ms == 11);
  CHECK(kept->updated_ms == 22);

  Experiment again = Named("alpha", 17);
  again.tags = {{"a", "other"}, {"b", "2"}};
  const auto same = store.transfer.PutExperiment(again);
  CHECK(same->id == 900);
  CHECK(same->kept == Kept::kUnchanged);
  CHECK(store.experiments.Get(900)->tags == Texts{{"a", "1"}, {"b", "2"}});

  REQUIRE(store.transfer.MoveExperimentArtifacts(900, "s3://bucket/other"));
  CHECK(store.experiments.Get(900)->artifact_location == "s3://bucket/alpha");
  REQUIRE(store.transfer.MoveExperimentArtifacts(900, "s3://bucket/alpha"));
  CHECK(store.experiments.Get(900)->artifact_location == "mlflow-artifacts:/900");

  Experiment other = Named("beta", 900);
  other.artifact_location = "";
  other.deleted = true;
  const auto moved = store.transfer.PutExperiment(other);
  REQUIRE(moved);
  CHECK(moved->id != 900);
  CHECK(store.experiments.Get(moved->id)->artifact_location ==
        "mlflow-artifacts:/" + std::to_string(moved->id));
  CHECK(store.experiments.Get(moved->id)->deleted);
  // What comes after does not stumble over the ids that were given.
  CHECK(store.experiments.Create("gamma", "", {}));
  CHECK(store.transfer.AllExperiments()->size() == 4);
}

TEST_CASE("a run comes and goes whole") {
  TransferStore store;
  const RunRecord record = Record(store.experiment);
  REQUIRE(store.transfer.PutRun(record) == Kept::kAdded);
  CHECK(store.transfer.PutRun(record) == Kept::kUnchanged);
  const auto got = store.transfer.GetRun(record.info.id);
  REQUIRE(got);
  CHECK(got->info.name == "one");
  CHECK(got->info.parent_id == "p");
  CHECK(got->info.deleted);
  CHECK(got->deleted_ms == 3);
  CHECK(got->params == record.params);
  CHECK(got->tags == record.tags);
  CHECK(got->metrics.at("long").size() == 3000);
  const auto& few = got->metrics.at("few");
  REQUIRE(few.size() == 3);
  CHECK(std::isnan(few[0].value));
  CHECK(few[1].value == -kInf);
  CHECK(few[2].value == kInf);
  REQUIRE(got->datasets.size() == 1);
  CHECK(got->datasets[0].tags == Texts{{"k", "v"}});
  CHECK(got->datasets[0].dataset.schema == "{}");
  CHECK_FALSE(got->datasets[0].dataset.profile);
  CHECK(got->model_inputs[0].model_id == "m-1");
  CHECK(got->model_outputs[0].step == 7);
  CHECK(store.transfer.RunIds(store.experiment) == std::vector<std::string>{record.info.id});
  // As clients see it.
  const auto run = store.runs.Get(record.info.id);
  CHECK(run->metrics[0].key == "few");
  CHECK(run->metrics[0].value == kInf);
  CHECK(run->metrics[1].points == 3000);
}

TEST_CASE("a series that came whole is appended to") {
  TransferStore store;
  RunRecord record = Record(store.experiment);
  record.info.deleted = false;
  REQUIRE(store.transfer.PutRun(record));
  REQUIRE(store.runs.Log(
      record.info.id,
      {{At("long", 0.5, 2999, 2999), At("long", 1, 3000, 3000), At("few", 9, 5, 5)}, {}, {}}));
  CHECK(store.transfer.GetRun(record.info.id)->metrics.at("long").size() == 3001);
  CHECK(store.transfer.GetRun(record.info.id)->metrics.at("few").size() == 4);
}

TEST_CASE("a run that was going gets what is new") {
  TransferStore store;
  RunRecord record = Record(store.experiment);
  record.info.status = "RUNNING";
  record.info.end_ms.reset();
  record.info.deleted = false;
  record.deleted_ms.reset();
  REQUIRE(store.transfer.PutRun(record) == Kept::kAdded);
  CHECK(store.transfer.PutRun(record) == Kept::kUnchanged);
  record.info.status = "FINISHED";
  record.info.end_ms = 99;
  record.metrics["long"].push_back({5000, 5000, 1.5});
  record.metrics["new"] = {{1, 1, 1}};
  record.params["new"] = "p";
  record.tags["new"] = "t";
  record.model_outputs.push_back({"m-3", 8});
  CHECK(store.transfer.PutRun(record) == Kept::kUpdated);
  CHECK(store.transfer.PutRun(record) == Kept::kUnchanged);
  const auto got = store.transfer.GetRun(record.info.id);
  CHECK(got->info.status == "FINISHED");
  CHECK(got->info.end_ms == 99);
  CHECK(got->metrics.at("long").size() == 3001);
  CHECK(got->metrics.at("few").size() == 3);
  CHECK(got->metrics.at("new").size() == 1);
  CHECK(got->params.at("new") == "p");
  CHECK(got->tags.at("new") == "t");
  CHECK(got->model_outputs.size() == 2);
}

TEST_CASE("a record that cannot be is refused") {
  TransferStore store;
  RunRecord record = Record(store.experiment);
  record.info.id = "../../x";
  CHECK(store.transfer.PutRun(record).error().code == Code::kInvalidArgument);
  record = Record(store.experiment);
  record.params["../x"] = "1";
  CHECK(store.transfer.PutRun(record).error().code == Code::kInvalidArgument);
  record = Record(store.experiment);
  record.info.status = "LOST";
  CHECK(store.transfer.PutRun(record).error().code == Code::kInvalidArgument);
  CHECK(store.transfer.PutRun(Record(77)).error().code == Code::kFailedPrecondition);
  CHECK(store.transfer.RunIds(77)->empty());
}

TEST_CASE("a logged model comes with all that was measured of it") {
  TransferStore store;
  ModelRecord record;
  record.model.id = "m-1";
  record.model.experiment_id = store.experiment;
  record.model.name = "forest";
  record.model.status = "LOGGED_MODEL_PENDING";
  record.model.created_ms = 5;
  record.model.updated_ms = 6;
  record.model.artifact_uri = "file:///a";
  record.model.metrics = {{{"acc", 0.5, 1, 1, "m-1", "d", "dig"}, "r"},
                          {{"acc", std::nan(""), 2, 2, "m-1", "d", "dig"}, "r"}};
  REQUIRE(store.transfer.PutModel(record) == Kept::kAdded);
  CHECK(store.transfer.PutModel(record) == Kept::kUnchanged);
  record.model.status = "LOGGED_MODEL_READY";
  record.model.updated_ms = 7;
  record.deleted_ms = 7;
  CHECK(store.transfer.PutModel(record) == Kept::kUpdated);
  CHECK(store.transfer.PutModel(record) == Kept::kUnchanged);
  const auto got = store.transfer.GetModel("m-1");
  REQUIRE(got);
  CHECK(got->model.status == "LOGGED_MODEL_READY");
  CHECK(got->model.metrics.size() == 2);
  CHECK(got->deleted_ms == 7);
  CHECK(store.models.Get("m-1").error().code == Code::kNotFound);
  CHECK(store.transfer.ModelIds(store.experiment)->size() == 1);
  CHECK(store.transfer.HasModel("m-1") == true);
  CHECK(store.transfer.HasModel("m-2") == false);
  REQUIRE(store.transfer.MoveModelArtifacts("m-1", "file:///b", "x"));
  CHECK(store.transfer.GetModel("m-1")->model.artifact_uri == "file:///a");
  REQUIRE(store.transfer.MoveModelArtifacts("m-1", "file:///a", "x"));
  CHECK(store.transfer.GetModel("m-1")->model.artifact_uri == "x");
}

}  // namespace quern::tracking
