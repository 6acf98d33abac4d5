#include "pipeline/executor.h"

#include <doctest/doctest.h>

#include <atomic>

#include "tests/store/engines.h"

namespace quern::pipeline {
namespace {

/// Three steps whose results are numbers, counted as they run.
struct SmallWorld {
  TempDir dir;
  store::TestDatabase database{store::EachEngine()};
  Cache cache{*database, RealFs(), SystemClock(), dir.path()};
  std::atomic<int> ran{0};
  int parameter = 2;
  Outcome gate = Outcome::kOk;

  Step Make(const std::string& id, std::vector<std::string> needs,
            std::function<int(StepContext&)> f, std::vector<KeyPart> parts = {}) {
    Step step;
    step.id = id;
    step.phase = id.substr(0, id.find(':'));
    step.needs = std::move(needs);
    step.parts = std::move(parts);
    step.run = [this, f, id](StepContext& context) -> Result<StepOutput> {
      ++ran;
      const int value = f(context);
      StepOutput output;
      output.record = json::object{{"value", value}};
      output.digest = std::to_string(value);
      if (id == "gate") output.outcome = gate, output.message = "too low";
      return output;
    };
    return step;
  }

  Graph MakeGraph() {
    const auto value = [](StepContext& c, const char* id) {
      return static_cast<int>(c.Output(id).record.at("value").to_number<int>());
    };
    Graph graph;
    graph.steps.push_back(Make("a:1", {}, [this](StepContext&) { return parameter; },
                               {{"param:p", std::to_string(parameter)}}));
    graph.steps.push_back(
        Make("parity", {"a:1"}, [value](StepContext& c) { return value(c, "a:1") % 2; }));
    graph.steps.push_back(
        Make("gate", {"parity"}, [value](StepContext& c) { return value(c, "parity") + 10; }));
    graph.steps.push_back(Make("after", {"gate"}, [](StepContext&) { return 7; }));
    graph.steps.push_back(Make("report", {}, [](StepContext&) { return 1; }));
    graph.steps.back().after = {"after"};
    graph.steps.back().always = true;
    return graph;
  }

  RunSummary Go(RunOptions options = {}) {
    RunListener quiet;
    auto summary = Run(MakeGraph(), "p", cache, options, quiet);
    REQUIRE(summary);
    return *summary;
  }
};

}  // namespace

TEST_CASE(
    "a second run does nothing; a parameter reruns what reads it; an unchanged output stops the "
    "wave") {
  SmallWorld world;
  CHECK(world.Go().ran == 5);
  CHECK(world.Go().ran == 0);
  CHECK(world.ran == 5);
  world.parameter = 4;  // same parity
  const auto plan = Plan(world.MakeGraph(), world.cache, {});
  CHECK(plan->front().reason == "param:p");
  CHECK((*plan)[1].reason == "upstream:a:1");
  const RunSummary wave = world.Go();
  CHECK(wave.ran == 2);
  CHECK(wave.steps[2].state == "cached");
  world.parameter = 2;  // known already
  CHECK(world.Go().ran == 0);
}

TEST_CASE("a failed gate skips what needs it, the report still runs, and again from the cache") {
  SmallWorld world;
  world.gate = Outcome::kGateFailed;
  for (int i = 0; i < 2; ++i) {
    const RunSummary summary = world.Go();
    CHECK(summary.outcome == Outcome::kGateFailed);
    CHECK(summary.failures.front() == "gate: too low");
    CHECK(summary.steps[3].state == "skipped");
    CHECK((summary.steps[4].state == "done" || summary.steps[4].state == "cached"));
  }
}

TEST_CASE("a run can stop early, be forced and be refused a wrong name") {
  SmallWorld world;
  RunOptions until;
  until.until = {"parity"};
  CHECK(world.Go(until).ran == 2);
  RunOptions force;
  force.force = {"a"};
  CHECK(world.Go(force).ran == 4);
  RunListener quiet;
  RunOptions wrong;
  wrong.until = {"partiy"};
  CHECK(Run(world.MakeGraph(), "p", world.cache, wrong, quiet).error().hint ==
        "did you mean 'parity'?");
}

TEST_CASE("an error stops its branch, is told once, and the step runs again next time") {
  SmallWorld world;
  Graph graph = world.MakeGraph();
  bool broken = true;
  const auto good = graph.steps[1].run;
  graph.steps[1].run = [&](StepContext& c) -> Result<StepOutput> {
    if (broken) return Fail(Code::kInvalidArgument, "no");
    return good(c);
  };
  RunListener quiet;
  auto summary = Run(graph, "p", world.cache, {}, quiet);
  REQUIRE(summary->error);
  CHECK(summary->error->context.back() == "running step parity");
  CHECK(summary->steps[1].state == "failed");
  CHECK(summary->steps[2].state == "skipped");
  CHECK(summary->steps[4].state == "done");
  broken = false;
  summary = Run(graph, "p", world.cache, {}, quiet);
  CHECK_FALSE(summary->error);
  CHECK(summary->steps[0].state == "cached");
}

TEST_CASE("cancelling ends the run cleanly") {
  SmallWorld world;
  CancelToken cancel;
  cancel.Cancel();
  RunOptions options;
  options.cancel = &cancel;
  const RunSummary summary = world.Go(options);
  CHECK(summary.error->code == Code::kCancelled);
  CHECK(world.ran == 0);
  CHECK((*world.cache.LastRun())->state == "KILLED");
}

TEST_CASE("a result whose file is gone is computed again") {
  SmallWorld world;
  Graph graph;
  graph.steps.push_back(world.Make("file", {}, [](StepContext&) { return 1; }));
  const auto inner = graph.steps[0].run;
  graph.steps[0].run = [&](StepContext& c) -> Result<StepOutput> {
    auto output = inner(c);
    output->files = {"out.txt"};
    QUERN_TRY(RealFs().WriteAtomic(world.dir.File("out.txt"), "x"));
    return output;
  };
  RunListener quiet;
  CHECK(Run(graph, "p", world.cache, {}, quiet)->ran == 1);
  CHECK(Run(graph, "p", world.cache, {}, quiet)->ran == 0);
  REQUIRE(RealFs().RemoveAll(world.dir.File("out.txt")));
  const auto again = Run(graph, "p", world.cache, {}, quiet);
  CHECK(again->ran == 1);
  CHECK(again->steps[0].reason == "missing output");
}

}  // namespace quern::pipeline
