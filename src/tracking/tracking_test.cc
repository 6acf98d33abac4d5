#include <doctest/doctest.h>

#include <cmath>

#include "base/fs.h"
#include "tracking/lineage.h"
#include "tracking/run_store.h"

namespace quern::tracking {

TEST_CASE("runs keep parameters, the last metric and their trials") {
  TempDir dir;
  auto db = store::OpenSqlite(dir.File("q.db"), RealFs());
  REQUIRE(db);
  ManualClock clock(1000);
  RunStore runs(**db, clock);
  const auto parent = runs.Start("heart", "train");
  REQUIRE(parent);
  RunDraft trial;
  trial.parent_id = *parent;
  trial.name = "trial 1";
  trial.start_ms = 1000;
  trial.end_ms = 1500;
  trial.params["max_depth"] = "3";
  trial.metrics = {{"roc_auc", 0.8, 0}, {"roc_auc", 0.9, 1}, {"loss", std::nan(""), 0}};
  REQUIRE(runs.Write("heart", {trial, trial}));
  REQUIRE(runs.End(*parent, RunStatus::kFinished));
  CHECK(runs.List("heart", "", 10)->size() == 1);
  const auto trials = runs.List("heart", *parent, 10);
  REQUIRE(trials->size() == 2);
  CHECK(trials->front().metrics.at("roc_auc") == 0.9);
  CHECK(std::isnan(trials->front().metrics.at("loss")));
  CHECK(runs.Get(parent->substr(0, 8))->status == "FINISHED");
  CHECK(runs.Get("zz").error().code == Code::kNotFound);
}

TEST_CASE("lineage walks both ways and leaves strangers out") {
  TempDir dir;
  auto db = store::OpenSqlite(dir.File("q.db"), RealFs());
  REQUIRE(db);
  Lineage lineage(**db, SystemClock());
  REQUIRE(lineage.Add({"source:a", "source", "a", ""}, {}));
  REQUIRE(lineage.Add({"snapshot:a", "snapshot", "a", ""}, {"source:a"}));
  REQUIRE(lineage.Add({"run:r", "run", "r", ""}, {"snapshot:a"}));
  REQUIRE(lineage.Add({"source:b", "source", "b", ""}, {}));
  REQUIRE(lineage.Add({"run:r", "run", "r again", ""}, {"snapshot:a"}));
  CHECK(lineage.All()->nodes.size() == 4);
  const auto around = lineage.Around("snapshot:a");
  CHECK(around->nodes.size() == 3);
  CHECK(around->edges.size() == 2);
  CHECK(lineage.Around("source").error().code == Code::kInvalidArgument);
}

}  // namespace quern::tracking
