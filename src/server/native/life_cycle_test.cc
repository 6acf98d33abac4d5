#include "server/native/life_cycle.h"

#include <doctest/doctest.h>

#include "base/json_read.h"
#include "server/native/requirements.h"

namespace quern::server::native {
namespace {

using tracking::PipelineStep;

PipelineStep Step(const std::string& id, const std::string& state, const char* record = "null",
                  const std::string& outcome = "ok") {
  PipelineStep step;
  step.run_id = "r";
  step.id = id;
  step.phase = id.substr(0, id.find(':'));
  step.state = state;
  step.outcome = outcome;
  step.message = id + " says so";
  step.finished_ms = 7;
  step.record = *ParseJson(record);
  return step;
}

std::string StateOfPhase(const Standing& standing, const std::string& phase) {
  for (const json::value& box : PhasesJson(standing)) {
    if (TextAt(box, "/phase") == phase) return TextAt(box, "/state");
  }
  return "no such phase";
}

TEST_CASE("all phases are there before anything ran") {
  const json::array phases = PhasesJson({});
  REQUIRE(phases.size() == 7);
  for (const json::value& box : phases) CHECK(TextAt(box, "/state") == "absent");
  CHECK(TasksJson({}).empty());
}

TEST_CASE("the worst step is the state of its phase") {
  Standing s;
  s.steps = {Step("ingest:a", "done"), Step("validate:a", "done", R"({"checks":[]})")};
  CHECK(StateOfPhase(s, "data") == "fresh");
  s.steps[1] = Step("validate:a", "done", R"({"source":"a","checks":[{"success":false}]})");
  CHECK(StateOfPhase(s, "data") == "attention");
  s.plan = {{{"ingest:a", "ingest", "planned", "input:a.csv"}}};
  CHECK(StateOfPhase(s, "data") == "stale");
  s.steps.push_back(Step("explore:a", "skipped"));
  CHECK(StateOfPhase(s, "data") == "blocked");
  s.steps.push_back(Step("ingest:b", "failed", "null", ""));
  CHECK(StateOfPhase(s, "data") == "failed");
  s.steps.push_back(Step("ingest:c", "running", "null", ""));
  CHECK(StateOfPhase(s, "data") == "running");
  s.steps = {Step("register", "done", "{}", "gate_failed")};
  CHECK(StateOfPhase(s, "models") == "failed");
  CHECK(StateOfPhase(s, "serving") == "absent");
}

TEST_CASE("a step that only the project file has makes its phase stale") {
  Standing s;
  s.steps = {Step("ingest:a", "done")};
  s.plan = {
      {{"ingest:a", "ingest", "cached", "up to date"}, {"ingest:b", "ingest", "planned", "new"}}};
  CHECK(StateOfPhase(s, "data") == "stale");
}

TEST_CASE("who must act, the urgent first") {
  Standing s;
  s.steps = {Step("design", "done",
                  R"({"open":[{"key":"k"}],"roles":[{"role":"Data Engineer","who":"Ada"}]})"),
             Step("validate:a", "done", R"({"source":"a","checks":[{"success":false}]})"),
             Step("monitor:b", "done",
                  R"({"batch":"b","concept_drift":{"state":"yes","reason":"labels say so"}})"),
             Step("retrain:b", "done",
                  R"({"batch":"b","trigger":{"state":"fired"},"decision":{"action":"keep"}})"),
             Step("deploy", "failed", "null", "")};
  const json::array tasks = TasksJson(s);
  REQUIRE(tasks.size() == 5);
  CHECK(TextAt(tasks[0], "/urgency") == "now");
  CHECK(TextAt(tasks[0], "/role") == "ML engineer");
  CHECK(TextAt(tasks[0], "/command") == "quern run");
  CHECK(TextAt(tasks[1], "/text") == "a: validate:a says so");
  CHECK(TextAt(tasks[1], "/who") == "Ada");
  CHECK(TextAt(tasks[2], "/text") == "b: the relation to the target has changed: labels say so");
  CHECK(At(tasks[2], "/who").is_null());
  CHECK(TextAt(tasks[4], "/urgency") == "later");
  CHECK(TextAt(tasks[4], "/text") == "1 question of the charter is open");
}

TEST_CASE("of batches the last one counts, and of versions what is in charge now") {
  Standing s;
  const char* drifted = R"({"batch":"b","drift":{"dataset":{"drifted":true}}})";
  s.steps = {Step("register", "done", "{}"), Step("monitor:a", "done", drifted),
             Step("monitor:b", "done", drifted)};
  CHECK(TasksJson(s).size() == 1);
  CHECK(TextAt(PhasesJson(s)[3], "/facts/0") == "register says so");
  s.champions = {"heart/2 is champion"};
  CHECK(TextAt(PhasesJson(s)[3], "/facts/0") == "heart/2 is champion");
  CHECK(TextAt(PhasesJson(s)[5], "/facts/0") == "monitor:b says so");
}

TEST_CASE("of all that is stale one step is named") {
  Standing s;
  s.steps = {Step("ingest:a", "done"), Step("train", "done"), Step("evaluate", "done")};
  s.plan = {{{"ingest:a", "ingest", "planned", "input:a.csv"},
             {"train", "train", "planned", "upstream:ingest:a"},
             {"evaluate", "evaluate", "planned", "upstream:train"}}};
  const json::array tasks = TasksJson(s);
  REQUIRE(tasks.size() == 1);
  CHECK(TextAt(tasks[0], "/text") == "ingest:a is out of date: input:a.csv changed");
}

constexpr char kDesign[] =
    R"({"added_value":"v","key_metrics":[{"metric":"auc","op":">=","value":0.8}],
  "requirements":[{"id":"fast","text":"is fast","require":{"metric":"ms","op":"<=","value":5}},
                  {"id":"kind","text":"is kind","require":null}],"roles":[],"open":[]})";

TEST_CASE("each line of the charter has its newest evidence") {
  const json::value none = RequirementsJson({});
  CHECK_FALSE(TrueAt(none, "/declared"));
  CHECK(ListAt(none, "/lines").empty());
  const json::value view = RequirementsJson(
      {Step("design", "done", kDesign),
       Step("evaluate", "done",
            R"({"gates":[{"kind":"key_metric","id":"auc","status":"pass","observed":0.9},
                         {"kind":"requirement","id":"fast","status":"pending"}]})"),
       Step("deploy", "done",
            R"({"gates":[{"kind":"requirement","id":"fast","status":"pass","observed":1}]})"),
       Step("monitor:b", "done",
            R"({"batch":"b","version":2,"performance":{"metrics":{"auc":{"value":0.7}}}})"),
       Step("monitor:c", "done", R"({"batch":"c","version":2,"performance":{"metrics":{}}})"),
       Step("retrain:b", "done",
            R"({"gates":[{"kind":"requirement","id":"fast","status":"pending"}],"deployment":
                {"gates":[{"kind":"requirement","id":"fast","status":"fail","observed":9}]}})")});
  CHECK(TrueAt(view, "/declared"));
  const json::array& lines = ListAt(view, "/lines");
  REQUIRE(lines.size() == 3);
  CHECK(TextAt(lines[0], "/step") == "evaluate");
  CHECK(NumberAt(lines[0], "/limit") == 0.8);
  CHECK(TextAt(lines[0], "/watched/batch") == "b");
  CHECK(NumberAt(lines[0], "/watched/value") == 0.7);
  CHECK(At(lines[1], "/watched").is_null());
  CHECK(TextAt(lines[1], "/status") == "fail");
  CHECK(TextAt(lines[1], "/step") == "retrain:b");
  CHECK(NumberAt(lines[1], "/observed") == 9.0);
  CHECK(TextAt(lines[2], "/status") == "pending");
  CHECK_FALSE(TrueAt(lines[2], "/measurable"));
}

}  // namespace
}  // namespace quern::server::native
