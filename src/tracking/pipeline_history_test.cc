#include "tracking/pipeline_history.h"

#include <doctest/doctest.h>

#include "tests/store/engines.h"
#include "tracking/lineage.h"

namespace quern::tracking {
namespace {

struct History {
  store::TestDatabase db{store::EachEngine()};
  PipelineHistory history{*db};

  void Run(const std::string& id, const std::string& state, int64_t start_ms,
           const std::string& project = "heart") {
    REQUIRE(
        db->Execute("INSERT INTO pipeline_runs(id, project, state, start_ms, summary) VALUES "
                    "(?, ?, ?, ?, 'said')",
                    {id, project, state, start_ms}));
  }
  void Step(const std::string& run, int64_t position, const std::string& step,
            const std::string& state, const std::string& key) {
    REQUIRE(
        db->Execute("INSERT INTO pipeline_steps(pipeline_run_id, position, step, phase, state, "
                    "reason, key, seconds) VALUES (?, ?, ?, ?, ?, 'why', ?, 0.5)",
                    {run, position, step, step.substr(0, step.find(':')), state, key}));
  }
  void Result(const std::string& key, const std::string& step, const std::string& record,
              int64_t at_ms, const std::string& outcome = "ok") {
    REQUIRE(
        db->Execute("INSERT INTO step_results(key, step, output_digest, outcome, message, "
                    "files, record, parts, seconds, finished_ms, pipeline_run_id) VALUES (?, "
                    "?, 'd', ?, 'told', '[]', ?, '[]', 1, ?, 'r1')",
                    {key, step, outcome, record, at_ms}));
  }
  std::string Names(const std::vector<PipelineStep>& steps) {
    std::string out;
    for (const PipelineStep& step : steps) out += step.id + "@" + step.run_id + " ";
    return out;
  }
};

TEST_CASE("runs and projects, newest first") {
  History h;
  CHECK(h.history.Runs("", 10)->empty());
  CHECK(h.history.Projects(10)->empty());
  CHECK(h.history.Run("r1").error().code == Code::kNotFound);
  h.Run("r1", "FINISHED", 100);
  h.Run("r2", "RUNNING", 200, "other");
  h.Run("r3", "FAILED", 300);
  CHECK(h.history.Runs("", 2)->at(1).id == "r2");
  CHECK(h.history.Runs("other", 9)->size() == 1);
  CHECK(h.history.Projects(10) == std::vector<std::string>{"heart", "other"});
  const auto run = h.history.Run("r3");
  REQUIRE(run);
  CHECK(run->state == "FAILED");
  CHECK_FALSE(run->end_ms);
}

TEST_CASE("a step has a record once it has ended, and damage reads as none") {
  History h;
  h.Run("r1", "FINISHED", 100);
  h.Step("r1", 0, "design", "done", "k0");
  h.Step("r1", 1, "train", "running", "k1");
  h.Step("r1", 2, "validate:a", "failed", "k2");
  h.Step("r1", 3, "evaluate", "failed", "k3");
  h.Step("r1", 4, "deploy", "cached", "k4");
  h.Result("k0", "design", R"({"project":"heart"})", 10);
  h.Result("k1", "train", R"({"old":true})", 20);
  h.Result("k2", "validate:a", R"({"success":false})", 30, "check_failed");
  h.Result("k3", "evaluate", R"({"old":true})", 40);
  h.Result("k4", "deploy", "{damaged", 50);
  const auto steps = h.history.Steps("r1", true);
  REQUIRE(steps);
  REQUIRE(steps->size() == 5);
  CHECK(WriteJson(steps->at(0).record) == R"({"project":"heart"})");
  CHECK(steps->at(0).message == "told");
  // It runs again: what stands under its key is of an earlier time.
  CHECK(steps->at(1).record.is_null());
  CHECK(steps->at(1).outcome.empty());
  CHECK(steps->at(2).outcome == "check_failed");
  CHECK_FALSE(steps->at(2).record.is_null());
  CHECK(steps->at(3).record.is_null());
  CHECK(steps->at(4).record.is_null());
  CHECK(steps->at(4).finished_ms == 50);
  CHECK(h.history.Steps("r1", false)->at(0).record.is_null());
  CHECK(h.history.Results("design", 5)->at(0).finished_ms == 10);
  CHECK(h.history.Results("none", 5)->empty());
}

TEST_CASE("what the last run left out is told by earlier ones") {
  History h;
  h.Run("r1", "FINISHED", 100);
  for (const char* step : {"ingest:a", "ingest:gone", "train", "monitor:a"}) {
    h.Step("r1", 0, step, "done", std::string("k") + step);
    h.Result(std::string("k") + step, step, "{}", 5);
  }
  // Asked for a part: its phases are all there is of them.
  h.Run("r2", "FINISHED", 200);
  h.Step("r2", 0, "ingest:a", "cached", "kingest:a");
  h.Step("r2", 1, "train", "skipped", "");
  auto standing = h.history.Standing(*h.history.Run("r2"), true);
  REQUIRE(standing);
  CHECK(h.Names(*standing) == "ingest:a@r2 train@r2 monitor:a@r1 ");
  // Killed: steps it did not come to are as they were.
  h.Run("r3", "KILLED", 300);
  h.Step("r3", 0, "ingest:a", "done", "kingest:a");
  standing = h.history.Standing(*h.history.Run("r3"), false);
  CHECK(h.Names(*standing) == "ingest:a@r3 ingest:gone@r1 train@r1 monitor:a@r1 ");
}

TEST_CASE("steps of a phase that recent runs had, each once") {
  History h;
  CHECK(h.history.StepIds("monitor", 5)->empty());
  h.Run("r1", "FINISHED", 100);
  h.Step("r1", 0, "monitor:old", "done", "k0");
  h.Run("r2", "FINISHED", 200, "other");
  h.Step("r2", 0, "ingest:a", "done", "k1");
  h.Step("r2", 2, "monitor:b", "done", "k2");
  h.Step("r2", 1, "monitor:a", "failed", "k3");
  h.Run("r3", "RUNNING", 300);
  h.Step("r3", 0, "monitor:b", "planned", "");
  using Ids = std::vector<std::string>;
  CHECK(*h.history.StepIds("monitor", 2) == Ids{"monitor:b", "monitor:a"});
  CHECK(*h.history.StepIds("monitor", 3) == Ids{"monitor:b", "monitor:a", "monitor:old"});
  CHECK(h.history.StepIds("retrain", 3)->empty());
}

TEST_CASE("lineage is cut to kinds and to the newest") {
  LineageGraph graph{{{"s", "source", "", "", 1},
                      {"t", "snapshot", "", "", 2},
                      {"c", "check", "", "", 3},
                      {"m", "model_version", "", "", 4}},
                     {{"s", "t"}, {"t", "c"}, {"t", "m"}}};
  LineageGraph few = graph;
  KeepKinds(few, {"source", "model_version", "nonsense"});
  REQUIRE(few.nodes.size() == 2);
  REQUIRE(few.edges.size() == 1);
  CHECK(few.edges[0].from == "s");
  CHECK(few.edges[0].to == "m");
  KeepNewest(graph, 2, "s");
  REQUIRE(graph.nodes.size() == 3);
  CHECK(graph.nodes[0].id == "s");
  CHECK(graph.edges.empty());
}

TEST_CASE("a node that is always kept is that one, or what begins with its name") {
  const LineageGraph graph{{{"model_version:heart/1", "model_version", "", "", 1},
                            {"model_version:heart/10", "model_version", "", "", 2},
                            {"model_version:heart/2", "model_version", "", "", 3}},
                           {}};
  LineageGraph one = graph;
  KeepNewest(one, 1, "model_version:heart/1");
  REQUIRE(one.nodes.size() == 2);
  CHECK(one.nodes[0].id == "model_version:heart/1");
  CHECK(one.nodes[1].id == "model_version:heart/2");
  LineageGraph begun = graph;
  KeepNewest(begun, 1, "model_version:heart/10");
  CHECK(begun.nodes.size() == 2);
  begun = graph;
  KeepNewest(begun, 1, "model_version:heart");
  CHECK(begun.nodes.size() == 3);
}

}  // namespace
}  // namespace quern::tracking
