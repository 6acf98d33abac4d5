#pragma once
// What the tests of this room begin with.
#include <doctest/doctest.h>

#include <string>

#include "tests/store/engines.h"
#include "tracking/experiments.h"
#include "tracking/local_run_book.h"
#include "tracking/logged_models.h"
#include "tracking/runs.h"

namespace quern::tracking {

/// A fresh database, and all that works on it. A test case that has one runs on every engine.
struct TestStore {
  store::TestDatabase db{store::EachEngine()};
  ManualClock clock{1000};
  Experiments experiments{*db, clock, "mlflow-artifacts:/"};
  Runs runs{*db, clock, experiments};
  LoggedModels models{*db, clock, experiments};
  LocalRunBook book{*db, "me", experiments, runs};
  int64_t experiment = *experiments.Create("e", "", {});

  std::string Start(const Texts& tags = {}) {
    NewRun run;
    run.experiment_id = experiment;
    run.tags = tags;
    const auto made = runs.Create(run);
    REQUIRE(made);
    return made->info.id;
  }
};

inline MetricPoint At(const std::string& key, double value, int64_t step = 0, int64_t time_ms = 0) {
  return {key, value, step, time_ms, {}, {}, {}};
}

}  // namespace quern::tracking
