#include <doctest/doctest.h>

#include <cmath>

#include "tracking/lineage.h"
#include "tracking/test_store.h"

namespace quern::tracking {

namespace {

RunFamily Family(size_t trials) {
  RunFamily family;
  family.key = "k1";
  family.place = "host:/folder";
  family.parent.name = "train";
  family.parent.tags["t"] = "x";
  family.parent.datasets = {{{"rows", "d1", "local", "{}", std::nullopt, std::nullopt},
                             {{"mlflow.data.context", "training"}}}};
  RunDraft trial;
  trial.name = "trial";
  trial.start_ms = 1000;
  trial.end_ms = 1500;
  trial.params["max_depth"] = "3";
  trial.metrics = {At("roc_auc", 0.8, 0), At("roc_auc", 0.9, 1), At("loss", std::nan(""))};
  family.trials.assign(trials, trial);
  return family;
}

}  // namespace

TEST_CASE("a training is written down with its trials, once") {
  TestStore store;
  const auto ids = store.book.Record("heart", Family(2));
  REQUIRE(ids);
  REQUIRE(ids->trials.size() == 2);
  const auto trial = store.book.Find(ids->trials[1]);
  REQUIRE(trial);
  const Run& run = trial->run;
  CHECK(trial->experiment == "heart");
  CHECK(run.info.parent_id == ids->parent);
  CHECK(run.info.status == "FINISHED");
  CHECK(run.params == Texts{{"max_depth", "3"}});
  CHECK(run.tags.at(kKeyTag) == "k1/2");
  CHECK(run.tags.at(kPlaceTag) == "host:/folder");
  REQUIRE(run.metrics.size() == 2);
  CHECK(std::isnan(run.metrics[0].value));
  CHECK(run.metrics[1].value == 0.9);
  CHECK(run.metrics[1].time_ms == 1500);
  CHECK(run.metrics[1].least == 0.8);
  CHECK(run.metrics[1].points == 2);
  const auto parent = store.book.Find(ids->parent.substr(0, 12));
  REQUIRE(parent);
  CHECK(parent->run.tags.at(kKeyTag) == "k1");
  REQUIRE(parent->run.dataset_inputs.size() == 1);
  CHECK(parent->run.dataset_inputs[0].dataset.name == "rows");
  CHECK(store.book.Find("zz").error().code == Code::kNotFound);

  const auto again = store.book.Record("heart", Family(3));
  REQUIRE(again);
  CHECK(again->parent == ids->parent);
  CHECK(again->trials[0] == ids->trials[0]);
  CHECK(again->trials[1] == ids->trials[1]);
  SearchRequest request;
  CHECK(store.book.Search(request, RunLevel::kTop)->size() == 1);
  CHECK(store.book.Search(request, RunLevel::kAll)->size() == 4);

  // A deleted one is not there: whoever trains again, writes it down again.
  REQUIRE(store.runs.Delete(ids->parent));
  CHECK(store.book.Record("heart", Family(2))->parent != ids->parent);
  RunFamily other = Family(1);
  other.key = "k10";
  CHECK(store.book.Record("heart", other)->trials[0] != ids->trials[0]);
}

TEST_CASE("what one batch cannot hold goes in several") {
  RunDraft draft;
  for (int i = 0; i < 250; ++i) draft.params["p" + std::to_string(i)] = "1";
  for (int i = 0; i < 1700; ++i) draft.metrics.push_back(At("m", i, i));
  const auto batches = BatchesOf(draft);
  size_t params = 0, metrics = 0;
  for (const Batch& batch : batches) {
    CHECK(batch.params.size() <= 100);
    CHECK(batch.params.size() + batch.metrics.size() <= 1000);
    params += batch.params.size();
    metrics += batch.metrics.size();
  }
  CHECK(params == 250);
  CHECK(metrics == 1700);
  CHECK(BatchesOf({}).empty());
}

TEST_CASE("lineage walks both ways and leaves strangers out") {
  TestStore store;
  Lineage lineage(*store.db, store.clock, "ada@host");
  REQUIRE(lineage.Add({"source:a", "source", "a", ""}, {}));
  REQUIRE(lineage.Add({"snapshot:a", "snapshot", "a", ""}, {"source:a"}));
  REQUIRE(lineage.Add({"run:r", "run", "r", ""}, {"snapshot:a"}));
  REQUIRE(lineage.Add({"source:b", "source", "b", ""}, {}));
  REQUIRE(Lineage(*store.db, store.clock, "bob@host")
              .Add({"run:r", "run", "r again", ""}, {"snapshot:a"}));
  const auto all = lineage.All();
  for (const LineageNode& node : all->nodes) CHECK(node.actor == "ada@host");
  CHECK(lineage.All()->nodes.size() == 4);
  const auto around = lineage.Around("snapshot:a");
  CHECK(around->nodes.size() == 3);
  CHECK(around->edges.size() == 2);
  CHECK(lineage.Around("source").error().code == Code::kInvalidArgument);
}

}  // namespace quern::tracking
