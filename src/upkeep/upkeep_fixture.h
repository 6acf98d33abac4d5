#pragma once
// What the tests of this room begin with: a store with runs, models and their files.
#include <doctest/doctest.h>

#include <string>

#include "registry/registry.h"
#include "store/artifact_texts.h"
#include "store/folder_artifacts.h"
#include "tests/store/engines.h"
#include "tracking/logged_models.h"
#include "tracking/runs.h"
#include "tracking/trash.h"
#include "upkeep/purge.h"

namespace quern::upkeep {

struct Fixture {
  explicit Fixture(store::Engine engine) : db(engine) {}
  Fixture() : Fixture(store::EachEngine()) {}

  store::TestDatabase db;
  TempDir dir;
  ManualClock clock{1000};
  tracking::Experiments experiments{*db, clock, "mlflow-artifacts:/"};
  tracking::Runs runs{*db, clock, experiments};
  tracking::LoggedModels models{*db, clock, experiments};
  registry::Registry registry{*db, clock, "me@here"};
  tracking::Trash trash{*db, experiments};
  std::unique_ptr<store::FolderArtifacts> artifacts =
      store::FolderArtifacts::Open(dir.File("mlflow-artifacts"), RealFs()).value();
  CancelToken cancel;
  int64_t experiment = *experiments.Create("e", "", {});

  FindPlace find = [this](std::string_view uri) -> Result<Place> {
    constexpr std::string_view kScheme = "mlflow-artifacts:/";
    if (!uri.starts_with(kScheme)) return Fail(Code::kInvalidArgument, "elsewhere");
    return Place{artifacts.get(), std::string(uri.substr(kScheme.size()))};
  };

  /// A run with one file.
  std::string Run(const std::string& text = "12345") {
    tracking::NewRun run;
    run.experiment_id = experiment;
    const auto made = runs.Create(run);
    REQUIRE(made);
    REQUIRE(store::PutText(*artifacts, FolderOf(made->info.id) + "/artifacts/sub/f", text));
    return made->info.id;
  }
  std::string FolderOf(const std::string& run) const {
    return std::to_string(experiment) + "/" + run;
  }

  std::string Model(const std::string& run) {
    tracking::NewLoggedModel model;
    model.experiment_id = experiment;
    model.name = "m";
    model.source_run_id = run;
    const auto made = models.Create(model);
    REQUIRE(made);
    REQUIRE(store::PutText(*artifacts, ModelFolder(made->id) + "/artifacts/MLmodel", "flavors"));
    return made->id;
  }
  std::string ModelFolder(const std::string& model) const {
    return std::to_string(experiment) + "/models/" + model;
  }

  PurgePlan Plan(int64_t until_ms) {
    auto plan =
        PlanPurge(trash, registry,
                  {.until_ms = until_ms, .run_ids = {}, .model_ids = {}, .experiment_ids = {}});
    REQUIRE(plan);
    return std::move(*plan);
  }
  PurgeResult Carry(const PurgePlan& plan) {
    auto result = Purge(trash, find, plan, cancel);
    REQUIRE(result);
    return std::move(*result);
  }
};

}  // namespace quern::upkeep
