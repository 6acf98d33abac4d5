#include "upkeep/purge.h"

#include "upkeep/lock.h"
#include "upkeep/upkeep_fixture.h"

namespace quern::upkeep {

TEST_CASE("a run goes with its files, others stay") {
  Fixture f;
  const std::string gone = f.Run();
  const std::string stays = f.Run();
  REQUIRE(f.runs.Delete(gone));
  CHECK(f.Plan(999).runs.empty());
  const PurgePlan plan = f.Plan(1000);
  CHECK(plan.runs.size() == 1);
  // A plan changes nothing.
  CHECK(f.artifacts->Exists(f.FolderOf(gone)) == true);
  const PurgeResult result = f.Carry(plan);
  CHECK(result.runs == 1);
  CHECK(result.failed.empty());
  CHECK(f.runs.Info(gone).error().code == Code::kNotFound);
  CHECK(f.artifacts->Exists(f.FolderOf(gone)) == false);
  CHECK(f.artifacts->Exists(f.FolderOf(stays) + "/artifacts/sub/f") == true);
}

TEST_CASE("what a live version refers to stays, until the version is gone") {
  Fixture f;
  const std::string by_run = f.Run();
  const std::string by_place = f.Run();
  const std::string model = f.Model(by_run);
  REQUIRE(f.registry.Register({"heart", "digest", by_run, {}}));
  REQUIRE(
      f.db->Execute("INSERT INTO model_versions(name, version, digest, path, source, storage, "
                    "run_id, run_link, model_id, user_id, description, stage, status, "
                    "status_message, created_ms, updated_ms, detail) VALUES ('heart', 2, '', "
                    "'', '', ?, '', '', '', '', '', 'None', 'READY', '', 1, 1, ''), "
                    "('heart', 3, '', '', '', '', '', '', ?, '', '', 'None', 'READY', '', 1, "
                    "1, '')",
                    {"mlflow-artifacts:/" + f.FolderOf(by_place) + "/artifacts/sub", model}));
  REQUIRE(f.models.Delete(model));
  REQUIRE(f.experiments.Delete(f.experiment));
  PurgePlan plan = f.Plan(1000);
  CHECK(plan.runs.empty());
  CHECK(plan.models.empty());
  CHECK(plan.experiments.empty());
  REQUIRE(plan.kept.size() == 4);
  CHECK(plan.kept[0] ==
        "run " + by_run + ": version 1 of model 'heart' refers to it; delete the version first");
  CHECK(plan.kept[1].find("version 2") != std::string::npos);
  CHECK(plan.kept[2].find("version 3") != std::string::npos);
  CHECK(plan.kept[3].find("holds a run or model that stays") != std::string::npos);

  REQUIRE(f.db->Execute("UPDATE model_versions SET stage = 'Deleted_Internal'"));
  plan = f.Plan(1000);
  CHECK(plan.kept.empty());
  const PurgeResult result = f.Carry(plan);
  CHECK(result.runs == 2);
  CHECK(result.models == 1);
  CHECK(result.experiments == 1);
  CHECK(f.artifacts->List("")->empty());
  CHECK(f.experiments.Get(f.experiment).error().code == Code::kNotFound);
}

TEST_CASE("models of a deleted experiment stay as long as it does") {
  Fixture f;
  const std::string run = f.Run();
  const std::string model = f.Model(run);
  REQUIRE(f.experiments.Delete(f.experiment));
  REQUIRE(f.runs.Restore(run));
  const PurgePlan kept = f.Plan(1000);
  CHECK(kept.models.empty());
  CHECK(kept.kept.size() == 1);
  REQUIRE(f.runs.Delete(run));
  const PurgePlan plan = f.Plan(1000);
  CHECK(plan.models.size() == 1);
  // Restored between plan and purge: nothing goes.
  REQUIRE(f.runs.Restore(run));
  REQUIRE(f.experiments.Restore(f.experiment));
  const PurgeResult result = f.Carry(plan);
  CHECK(result.runs + result.models + result.experiments == 0);
  CHECK(f.artifacts->Exists(f.ModelFolder(model)) == true);
}

TEST_CASE("files that cannot be deleted keep their run for the next purge") {
  Fixture f;
  const std::string run = f.Run();
  REQUIRE(f.runs.Delete(run));
  const FindPlace good = f.find;
  TempDir elsewhere;
  FaultyFs broken(RealFs(), 3, Code::kUnavailable);
  const auto failing = store::FolderArtifacts::Open(f.dir.File("mlflow-artifacts"), broken);
  REQUIRE(failing);
  f.find = [&](std::string_view uri) -> Result<Place> {
    QUERN_ASSIGN(Place place, good(uri));
    place.store = failing->get();
    return place;
  };
  PurgeResult result = f.Carry(f.Plan(1000));
  CHECK(result.runs == 0);
  CHECK(result.failed.size() == 1);
  CHECK(f.runs.Restore(run).error().code == Code::kFailedPrecondition);
  f.find = good;
  result = f.Carry(f.Plan(0));
  CHECK(result.runs == 1);
  CHECK(f.artifacts->Exists(f.FolderOf(run)) == false);
}

TEST_CASE("places that this program does not reach are named") {
  Fixture f;
  const auto other = f.experiments.Create("s3", "s3://bucket/x", {});
  tracking::NewRun run;
  run.experiment_id = *other;
  const auto made = f.runs.Create(run);
  REQUIRE(f.runs.Delete(made->info.id));
  const PurgeResult result = f.Carry(f.Plan(1000));
  CHECK(result.runs == 1);
  CHECK(result.left == std::vector<std::string>{"s3://bucket/x/" + made->info.id + "/artifacts"});
}

TEST_CASE("only what is named") {
  Fixture f;
  const std::string one = f.Run();
  const std::string two = f.Run();
  REQUIRE(f.runs.Delete(one));
  REQUIRE(f.runs.Delete(two));
  PurgeScope scope;
  scope.until_ms = 1000;
  scope.run_ids = {two};
  auto plan = PlanPurge(f.trash, f.registry, scope);
  REQUIRE(plan);
  REQUIRE(plan->runs.size() == 1);
  CHECK(plan->runs[0].id == two);
  scope.run_ids = {one, "nothing"};
  plan = PlanPurge(f.trash, f.registry, scope);
  CHECK(plan.error().code == Code::kNotFound);
  CHECK(plan.error().message == "there is no deleted run 'nothing'");
  REQUIRE(f.experiments.Delete(f.experiment));
  scope.run_ids = {};
  scope.experiment_ids = {std::to_string(f.experiment)};
  plan = PlanPurge(f.trash, f.registry, scope);
  REQUIRE(plan);
  CHECK(plan->experiments.size() == 1);
  CHECK(plan->runs.size() == 2);
}

TEST_CASE("a purge that is interrupted leaves nothing half done") {
  Fixture f;
  const std::string run = f.Run();
  REQUIRE(f.runs.Delete(run));
  f.cancel.Cancel();
  CHECK(Purge(f.trash, f.find, f.Plan(1000), f.cancel).error().code == Code::kCancelled);
  CHECK(f.artifacts->Exists(f.FolderOf(run) + "/artifacts/sub/f") == true);
  REQUIRE(f.runs.Restore(run));
}

TEST_CASE("backups share the store, a purge has it alone") {
  TempDir dir;
  using Mode = StoreLock::Mode;
  auto first = StoreLock::ForUpkeep(dir.path(), Mode::kShared, "the backup");
  REQUIRE(first);
  CHECK(StoreLock::ForUpkeep(dir.path(), Mode::kShared, "the backup"));
  CHECK(StoreLock::ForUpkeep(dir.path(), Mode::kAlone, "the purge").error().code == Code::kAborted);
  CHECK(StoreLock::ForServing(dir.path(), Mode::kAlone));
  first->reset();
  CHECK(StoreLock::ForUpkeep(dir.path(), Mode::kAlone, "the purge"));
  CHECK(StoreLock::ForUpkeep(dir.File("none"), Mode::kShared, "x").error().code == Code::kNotFound);
}

}  // namespace quern::upkeep
