#include <doctest/doctest.h>

#include <cmath>

#include "tracking/lineage.h"
#include "tracking/test_store.h"

namespace quern::tracking {

TEST_CASE("steps write runs with their trials") {
  TestStore store;
  const auto parent = store.writer.Start("heart", "train", {{"t", "x"}});
  REQUIRE(parent);
  RunDraft trial;
  trial.parent_id = *parent;
  trial.name = "trial 1";
  trial.start_ms = 1000;
  trial.end_ms = 1500;
  trial.params["max_depth"] = "3";
  trial.metrics = {At("roc_auc", 0.8, 0), At("roc_auc", 0.9, 1), At("loss", std::nan(""))};
  REQUIRE(store.writer.Write("heart", {trial, trial}));
  REQUIRE(store.writer.End(*parent, RunStatus::kFinished));
  const int64_t heart = store.experiments.ByName("heart")->id;
  SearchRequest request;
  request.filter = "tags.mlflow.parentRunId = '" + *parent + "'";
  const auto trials = store.runs.Search({heart}, ViewType::kActiveOnly, request);
  REQUIRE(trials->items.size() == 2);
  const Run& first = trials->items[0];
  CHECK(first.params == Texts{{"max_depth", "3"}});
  REQUIRE(first.metrics.size() == 2);
  CHECK(std::isnan(first.metrics[0].value));
  CHECK(first.metrics[1].value == 0.9);
  CHECK(first.metrics[1].least == 0.8);
  CHECK(first.metrics[1].points == 2);
  CHECK(store.runs.Get(*parent)->info.status == "FINISHED");
  CHECK(*store.runs.Resolve(parent->substr(0, 12)) == *parent);
  CHECK(store.runs.Resolve("zz").error().code == Code::kNotFound);
}

TEST_CASE("lineage walks both ways and leaves strangers out") {
  TestStore store;
  Lineage lineage(*store.db, store.clock);
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
