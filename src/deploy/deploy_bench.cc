// What a release costs each request.
#include <benchmark/benchmark.h>

#include "base/time.h"
#include "deploy/controller.h"
#include "store/database.h"

namespace quern::deploy {
namespace {

class Idle : public ReleaseActions {
 public:
  Status MayPromote(const std::string&, const std::string&, const std::string&) override {
    return {};
  }
  Status Prepare(const std::string&, const std::string&) override { return {}; }
  Status SetAlias(const std::string&, const std::string&, const std::string&) override {
    return {};
  }
  Status Retire(const std::string&, const std::string&) override { return {}; }
};

struct Running {
  explicit Running(bool keyed) {
    NewRelease wanted;
    wanted.stable = "7";
    wanted.candidate = "8";
    wanted.strategy.kind = StrategyKind::kCanary;
    wanted.strategy.steps = {{10, {1e6, 0}}};
    if (keyed) wanted.strategy.key.header = "x-user";
    if (!controller.Begin(wanted) || !controller.Tick()) std::abort();
  }
  TempDir dir;
  ManualClock clock{1000};
  Idle actions;
  std::unique_ptr<store::Database> database = *store::OpenSqlite(dir.File("q.db"), RealFs());
  ReleaseStore releases{*database};
  ReleaseController controller{"m", releases, actions, clock};
};

void Pick(benchmark::State& state) {
  static Running running(false);
  const std::string key = state.range(0) != 0 ? "patient-000123456" : "";
  for (auto _ : state) benchmark::DoNotOptimize(running.controller.Pick(key, ""));
}
BENCHMARK(Pick)->Arg(0)->Arg(1)->Threads(1)->Threads(2);

void PickAndObserve(benchmark::State& state) {
  static Running plain(false);
  static Running keyed(true);
  Running& running = state.range(0) != 0 ? keyed : plain;
  const std::string key = state.range(0) != 0 ? "patient-000123456" : "";
  Outcome outcome;
  outcome.latency_ms = 0.2;
  for (auto _ : state) {
    const Route route = running.controller.Pick(key, "");
    running.controller.Observe(route, outcome);
  }
}
BENCHMARK(PickAndObserve)->Arg(0)->Arg(1)->Threads(1)->Threads(2);

}  // namespace
}  // namespace quern::deploy
