#include "deploy/controller.h"

#include <boost/json.hpp>
#include <thread>

#include "deploy/controller_fixture_test.h"
#include "tests/allocations/allocations.h"

namespace quern::deploy {

TEST_CASE("a good canary is promoted, and the old version let go after the hold") {
  store::TestDatabase database{store::EachEngine()};
  World world(*database);
  const std::string id = world.Begin(QuickCanary());
  CHECK(world.Ask().version == "7");
  int seconds = 0;
  std::vector<Phase> phases;
  while (world.controller->Current() && seconds++ < 100) {
    REQUIRE(world.Second());
    if (world.phase() && (phases.empty() || phases.back() != *world.phase())) {
      phases.push_back(*world.phase());
    }
  }
  CHECK(phases == std::vector<Phase>{Phase::kStep, Phase::kBaking, Phase::kPromoted});
  MESSAGE("promoted and closed after ", seconds, " seconds");
  CHECK(world.server.aliases["champion"] == "8");
  CHECK(world.server.loaded == std::set<std::string>{"8"});
  CHECK(world.server.retired == std::set<std::string>{"7"});
  CHECK(world.Ask().release.empty());
  bool proof = false;
  CHECK(world.Last(id).sentence == "version 7 is no longer held for a rollback");
  for (const ChainedAudit& chained : world.audits) {
    proof = proof || (chained.audit.to == Phase::kBaking &&
                      chained.audit.sentence.find("proven not worse") == 0);
  }
  CHECK(proof);
}

TEST_CASE("a promotion that a gate does not allow pauses the release, until it may") {
  store::TestDatabase database{store::EachEngine()};
  World world(*database);
  world.error_rate = {{"7", 0.05}, {"8", 0.05}};
  world.server.waiting = {"8"};
  const std::string id = world.Begin(QuickCanary());
  int seconds = 0;
  while (world.phase() != Phase::kPaused && seconds++ < 2000) REQUIRE(world.Second());
  CHECK(world.Last(id).actor == "gate");
  CHECK(world.Last(id).sentence ==
        "paused by order: heart/8 may not be champion yet; then promote it");
  CHECK(world.server.aliases["champion"] == "7");
  const Status refused = world.controller->Order({CommandKind::kPromote, "bob", "", "", 0});
  CHECK(refused.error().code == Code::kFailedPrecondition);
  CHECK(world.phase() == Phase::kPaused);
  world.server.waiting.clear();
  REQUIRE(world.controller->Order({CommandKind::kPromote, "bob", "approved", "", 0}));
  CHECK(world.server.aliases["champion"] == "8");
}

TEST_CASE("what would take over at once is rolled back if its gate is closed") {
  store::TestDatabase database{store::EachEngine()};
  World world(*database);
  world.server.waiting = {"8"};
  Strategy strategy;
  strategy.kind = StrategyKind::kBasic;
  const std::string id = world.Begin(strategy);
  REQUIRE(world.Second());
  CHECK(world.Last(id).to == Phase::kRolledBack);
  CHECK(world.Last(id).sentence == "version 8 is not ready: heart/8 may not be champion yet");
  CHECK(world.server.aliases["champion"] == "7");
}

TEST_CASE("a bad canary is rolled back by the judge") {
  store::TestDatabase database{store::EachEngine()};
  World world(*database);
  Strategy strategy = QuickCanary();
  strategy.guards.consecutive_failures = 0;
  world.error_rate = {{"7", 0.01}, {"8", 0.2}};
  const std::string id = world.Begin(strategy);
  int seconds = 0;
  while (world.controller->Current() && seconds++ < 100) REQUIRE(world.Second());
  CHECK(world.Last(id).to == Phase::kRolledBack);
  CHECK(world.Last(id).actor == "judge");
  CHECK(world.Last(id).sentence.find("harm proven: errors of version 8") == 0);
  MESSAGE(world.Last(id).sentence, ", ", world.asked["8"], " requests had reached it");
  CHECK(world.server.aliases["champion"] == "7");
  CHECK(world.server.retired == std::set<std::string>{"8"});
  const uint64_t reached = world.asked["8"];
  REQUIRE(world.Second());
  CHECK(world.asked["8"] == reached);
}

TEST_CASE("an undecided canary is paused at the limit") {
  store::TestDatabase database{store::EachEngine()};
  World world(*database);
  Strategy strategy = QuickCanary();
  strategy.judge.negligible = 0;
  world.error_rate = {{"7", 0.01}, {"8", 0.01}};
  const std::string id = world.Begin(strategy);
  for (int i = 0; i < 70; ++i) REQUIRE(world.Second(60));
  CHECK(world.phase() == Phase::kPaused);
  CHECK(world.Last(id).sentence.find("undecided after ") == 0);
  CHECK(world.controller->Order({CommandKind::kSetWeight, "bob", "", "", 120}).error().code ==
        Code::kInvalidArgument);
  REQUIRE(world.controller->Order({CommandKind::kAbort, "bob", "not today", "", 0}));
  CHECK_FALSE(world.controller->Current());
  CHECK(world.Last(id).sentence == "rolled back by order: not today");
}

TEST_CASE("a guard takes a version out of traffic before the next tick") {
  store::TestDatabase database{store::EachEngine()};
  World world(*database);
  const std::string id = world.Begin(QuickCanary());
  REQUIRE(world.Second());
  REQUIRE(world.phase() == Phase::kStep);
  world.nan_of = "8";
  uint64_t before = world.asked["8"];
  for (int i = 0; i < 500; ++i) world.Ask();
  CHECK(world.asked["8"] == before + 1);
  REQUIRE(world.controller->Tick());
  CHECK(world.Last(id).sentence == "version 8: answered with a NaN");

  // In a row only.
  world.nan_of = "";
  const std::string next = world.Begin(QuickCanary(), "9");
  world.error_rate["9"] = 0.5;
  REQUIRE(world.Second(0));
  for (int i = 0; i < 2000; ++i) world.Ask();
  REQUIRE(world.controller->Tick());
  CHECK(world.Last(next).sentence == "version 9: failed too many requests in a row");
  CHECK(world.Last(next).actor == "guard");
}

TEST_CASE("the stable version stands in where a candidate gave no answer, and is not counted") {
  store::TestDatabase database{store::EachEngine()};
  World world(*database);
  const std::string id = world.Begin(QuickCanary());
  REQUIRE(world.Second());
  REQUIRE(world.phase() == Phase::kStep);
  Route candidate = world.controller->Pick("", "");
  while (candidate.arm == 0) candidate = world.controller->Pick("", "");
  const Route instead = world.controller->InsteadOf(candidate);
  CHECK(instead.version == "7");
  CHECK(instead.release == id);
  CHECK_FALSE(instead.counted);
  CHECK(RouteText(instead) == RouteText(candidate).replace(id.size() + 3, 1, "0") + "/1");
  // Its labels show nothing of it: its callers were not drawn.
  CHECK_FALSE(ReadRouteText(RouteText(instead)));
  CHECK(world.controller->InsteadOf(instead).release.empty());
  CHECK(world.controller->InsteadOf(world.controller->Pick("", "8")).release.empty());
  CHECK(world.controller->InsteadOf({}).release.empty());
  REQUIRE(world.controller->Order({CommandKind::kAbort, "ada", "", "", 0}));
  CHECK(world.controller->InsteadOf(candidate).release.empty());
}

TEST_CASE("what cannot be loaded is rolled back with its reason") {
  store::TestDatabase database{store::EachEngine()};
  World world(*database);
  world.server.broken = {"8"};
  const std::string id = world.Begin(QuickCanary());
  REQUIRE(world.Second());
  CHECK(world.Last(id).sentence == "version 8 is not ready: self-test failed");
  CHECK_FALSE(world.controller->Current());
}

TEST_CASE("killed at each point and started again, a release comes to the same end") {
  for (const bool good : {true, false}) {
    int moments = 0;
    for (int left = 0;; ++left) {
      CAPTURE(good);
      CAPTURE(left);
      store::TestDatabase database{store::Engine::kSqlite};
      World world(*database);
      if (!good) world.error_rate["8"] = 0.2;
      Strategy strategy = QuickCanary();
      strategy.guards.consecutive_failures = 0;
      const std::string id = world.Begin(strategy);
      world.fate.left = left;
      int seconds = 0;
      while (world.controller->Current() && seconds++ < 200) {
        const Status done = world.Second();
        if (!world.fate.dead) {
          REQUIRE(done);
          continue;
        }
        ++moments;
        world.fate = {};
        world.server.Restart();
        world.Start();
        REQUIRE(world.controller->Resume());
        world.Ask();
      }
      CHECK_FALSE(world.controller->Current());
      CHECK(world.server.aliases["champion"] == (good ? "8" : "7"));
      CHECK(world.server.loaded == std::set<std::string>{good ? "8" : "7"});
      CHECK(world.Last(id).to == (good ? Phase::kPromoted : Phase::kRolledBack));
      std::vector<Phase> once;
      for (const ChainedAudit& chained : world.audits) {
        if (chained.audit.from != chained.audit.to) once.push_back(chained.audit.to);
      }
      const std::vector<Phase> rise{Phase::kWarming, Phase::kStep, Phase::kBaking,
                                    Phase::kPromoted};
      CHECK(once ==
            (good ? rise : std::vector<Phase>{Phase::kWarming, Phase::kStep, Phase::kRolledBack}));
      if (world.fate.left != 0 && moments < left + 1) break;  // it ended before its time
    }
    MESSAGE(std::string(good ? "good" : "bad"), ": ", moments, " kills");
    CHECK(moments > 10);
  }
}

TEST_CASE("without a disk traffic goes back at once, and the record follows") {
  for (const bool guard : {true, false}) {
    CAPTURE(guard);
    store::TestDatabase database{store::Engine::kSqlite};
    World world(*database);
    Strategy strategy = QuickCanary();
    strategy.guards.consecutive_failures = 0;
    const std::string id = world.Begin(strategy);
    REQUIRE(world.Second());
    world.fate.dead = true;  // of the database alone here: nothing else is asked
    world.clock.Set(world.clock.NowMs() + 10'000);
    if (guard) world.nan_of = "8";
    world.error_rate["8"] = 0.3;
    for (int i = 0; i < 500; ++i) world.Ask();
    CHECK_FALSE(world.controller->Tick());
    for (int i = 0; i < 200; ++i) CHECK(world.controller->Pick("", "").version == "7");
    CHECK(world.controller->Pick("", "candidate").version == "7");
    CHECK_FALSE(world.controller->Tick());
    world.fate.dead = false;
    REQUIRE(world.controller->Tick());
    CHECK(world.Last(id).to == Phase::kRolledBack);
    CHECK(world.Last(id).actor == (guard ? "guard" : "judge"));
  }
}

TEST_CASE("a second process follows the first") {
  store::TestDatabase database{store::EachEngine()};
  World world(*database);
  const std::string id = world.Begin(QuickCanary());
  REQUIRE(world.Second());
  ReleaseController other("heart", world.releases, world.server, world.clock);
  REQUIRE(other.Resume());
  CHECK(other.Current()->phase == Phase::kStep);
  REQUIRE(world.controller->Order({CommandKind::kSetWeight, "bob", "", "", 60}));
  world.clock.Set(world.clock.NowMs() + 3000);
  // It has not seen that yet: it reads again, and orders again.
  REQUIRE(other.Order({CommandKind::kPause, "eve", "", "", 0}));
  CHECK(other.Current()->phase == Phase::kPaused);
  CHECK(other.Current()->candidates[0].weight == 60);
  CHECK(world.releases.Audits(id)->size() == 5);
  CHECK(world.Last(id).actor == "eve");
  // What the other one has made senseless is said to be so.
  CHECK(world.controller->Order({CommandKind::kPause, "bob", "", "", 0}).error().code ==
        Code::kFailedPrecondition);

  // Nobody has to order anything for that.
  REQUIRE(world.controller->Order({CommandKind::kAbort, "bob", "", "", 0}));
  CHECK(other.Pick("", "").release == id);
  world.clock.Set(world.clock.NowMs() + 5000);
  REQUIRE(other.Tick());
  CHECK_FALSE(other.Current());
  const std::string next = world.Begin(QuickCanary(), "9");
  REQUIRE(world.Second(0));
  world.clock.Set(world.clock.NowMs() + 5000);
  REQUIRE(other.Tick());
  CHECK(other.Pick("", "9").version == "9");
  CHECK(other.Current()->id == next);
}

TEST_CASE("an order that is written to the store is followed, and nothing counted is lost") {
  store::TestDatabase database{store::EachEngine()};
  World world(*database);
  Strategy strategy = QuickCanary();
  strategy.steps = {{10, {1000, 0}}};
  strategy.judge.at_most = 1e6;
  world.Begin(strategy);
  REQUIRE(world.Second(0));
  const auto given = [&](CommandKind kind, double weight) {
    const auto open = world.releases.Unfinished("heart");
    REQUIRE(open);
    REQUIRE(open->has_value());
    const Command order{kind, "bob", "", "", weight};
    const auto next = Advance((*open)->release, order, world.clock.NowMs());
    REQUIRE(next);
    REQUIRE(world.releases.Save(**open, *next));
  };
  for (int i = 0; i < 700; ++i) world.Ask();
  given(CommandKind::kSetWeight, 40);
  REQUIRE(world.Second());
  world.clock.Set(world.clock.NowMs() + 5000);
  REQUIRE(world.Second());
  CHECK(world.controller->Current()->candidates[0].weight == 40);
  const auto release = world.controller->Current();
  CHECK(release->evidence.Of(0).requests + release->evidence.Of(1).requests == 1300);
  given(CommandKind::kAbort, 0);
  world.clock.Set(world.clock.NowMs() + 5000);
  REQUIRE(world.Second(0));
  CHECK_FALSE(world.controller->Current());
  CHECK(world.server.retired.contains("8"));
}

TEST_CASE("shadow: a share is mirrored, the report is kept, an order decides") {
  store::TestDatabase database{store::EachEngine()};
  World world(*database);
  Strategy strategy;
  strategy.kind = StrategyKind::kShadow;
  strategy.share = 25;
  strategy.shadow = {5, 100};
  const std::string id = world.Begin(strategy);
  REQUIRE(world.Second());
  int mirrored = 0;
  for (int i = 0; i < 4000; ++i) {
    const Route route = world.Ask();
    CHECK(route.version == "7");
    if (route.mirror.empty()) continue;
    CHECK(route.mirror == "8");
    ++mirrored;
    const ShadowPair row{"p", "1", i % 10 == 0 ? "0" : "1", 0.6, 0.55, 1, 2, false, false};
    world.controller->ObserveShadow(std::span(&row, 1), {});
  }
  CHECK(std::abs(mirrored - 1000) < 5 * std::sqrt(4000 * 0.25 * 0.75));
  world.controller->DropShadow();
  for (int i = 0; i < 5; ++i) REQUIRE(world.Second());
  CHECK(world.phase() == Phase::kPaused);
  CHECK(world.controller->Shadow().pairs() == static_cast<uint64_t>(mirrored));
  CHECK(world.releases.Shadow(id)->pairs() == static_cast<uint64_t>(mirrored));
  CHECK(world.Ask().mirror.empty());
  CHECK(world.Ask("", "candidate").version == "8");
  REQUIRE(world.controller->Order({CommandKind::kPromote, "bob", "", "", 0}));
  CHECK(world.Ask().version == "8");
  CHECK(world.server.aliases["champion"] == "8");
  // A new release ends the hold.
  NewRelease next;
  next.stable = "8";
  next.candidate = "9";
  next.actor = "ada";
  next.strategy = QuickCanary();
  REQUIRE(world.controller->Begin(next));
  CHECK(world.server.retired.contains("7"));
  CHECK(world.controller->Begin(next).error().code == Code::kAlreadyExists);
}

TEST_CASE("labels that come late count where their predictions were made") {
  store::TestDatabase database{store::EachEngine()};
  World world(*database);
  Strategy strategy = QuickCanary();
  strategy.judge.wrong = Watch::kWatch;
  strategy.steps = {{20, {3, 50}}, {50, {1000, 50}}};
  strategy.judge.at_most = 10'000;
  const std::string id = world.Begin(strategy);
  REQUIRE(world.Second());
  std::vector<std::string> log;
  for (int second = 0; second < 2; ++second) {
    for (int i = 0; i < 2000; ++i) log.push_back(RouteText(world.Ask()));
    REQUIRE(world.Second(0));
  }
  REQUIRE(world.Second());
  REQUIRE(world.Second());
  CHECK(world.controller->Current()->step == 1);
  // Every version is wrong for 10 percent of its first step's cases, the candidate for 30.
  uint64_t n = 0;
  for (const std::string& text : log) {
    const auto route = ReadRouteText(text);
    REQUIRE(route);
    CHECK(route->propensity == doctest::Approx(route->arm == 1 ? 0.2 : 0.8));
    world.controller->ObserveLabel(*route, world.rng.Uniform() < (route->arm == 1 ? 0.3 : 0.1));
    ++n;
  }
  world.controller->ObserveLabel({"another release", 0, 1, 1}, true);
  REQUIRE(world.controller->Tick());
  CHECK(world.Last(id).sentence.find("harm proven: wrong of version 8") == 0);
  CHECK_FALSE(ReadRouteText("r/x/1/0.5"));
  CHECK_FALSE(ReadRouteText(""));
}

TEST_CASE("a bandit follows delayed rewards, by draws whose probability is logged") {
  store::TestDatabase database{store::EachEngine()};
  World world(*database);
  Strategy strategy;
  strategy.kind = StrategyKind::kBandit;
  strategy.versions = {{"8", 33}, {"9", 33}};
  strategy.bandit.floor = 5;
  world.Begin(strategy, "");
  REQUIRE(world.Second(0));
  const std::map<std::string_view, double> rates{{"7", 0.1}, {"8", 0.3}, {"9", 0.12}};
  std::vector<std::pair<std::string, double>> waiting;
  std::map<std::string_view, uint64_t> chosen;
  double estimate = 0;
  const int n = 12'000;
  for (int i = 0; i < n; ++i) {
    const Route route = world.Ask("same key");
    const double reward = world.rng.Uniform() < rates.at(route.version) ? 1 : 0;
    if (i >= n / 2) ++chosen[route.version];
    if (route.version == "9") estimate += reward / route.propensity / n;
    waiting.emplace_back(RouteText(route), reward);
    if (waiting.size() < 600) continue;  // they come two seconds late
    for (const auto& [text, value] : waiting) {
      REQUIRE(world.controller->ObserveReward(*ReadRouteText(text), value));
    }
    waiting.clear();
    REQUIRE(world.Second(0));
  }
  CHECK(chosen["8"] > n / 2 * 0.8);
  CHECK(chosen["7"] > n / 2 * 0.03);
  CHECK(std::abs(estimate - 0.12) < 0.05);
  CHECK(world.controller->ObserveReward({"r", 0, 0, 1}, 2).error().code == Code::kInvalidArgument);
  CHECK(world.phase() == Phase::kStep);
  REQUIRE(world.controller->Order({CommandKind::kPromote, "bob", "", "8", 0}));
  CHECK(world.server.aliases["champion"] == "8");
}

TEST_CASE("callers count once where a key divides them") {
  LiveCounters counters(2, {true, 0, {}});
  Outcome failed;
  failed.error = true;
  for (int i = 0; i < 50; ++i) counters.Observe(0, RouteWay::kKey, 7ull << 50, failed);
  counters.Observe(0, RouteWay::kKey, 9ull << 50, {});
  counters.Observe(1, RouteWay::kOverride, 9ull << 50, {});
  counters.Observe(0, RouteWay::kHalted, 3ull << 50, {});
  const auto counts = counters.Drain();
  CHECK(counts[0].requests == 51);
  CHECK(counts[0].units == 2);
  CHECK(counts[0].events[0] == 1);
  CHECK(counts[1].tested == 1);
  CHECK(counts[1].requests == 0);
  CHECK(counters.Drain()[0].requests == 0);
}

TEST_CASE("threads ask while the traffic is divided anew: nothing is lost, nothing allocated") {
  store::TestDatabase database{store::Engine::kSqlite};
  World world(*database);
  Strategy strategy = QuickCanary();
  strategy.guards.sample_ratio = 0;
  strategy.judge.at_most = 1e6;
  strategy.steps = {{5, {1000, 0}}, {50, {1000, 0}}};
  world.Begin(strategy);
  REQUIRE(world.Second(0));
  std::atomic<bool> stop{false};
  std::atomic<uint64_t> asked{0};
  std::atomic<uint64_t> allocated{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 3; ++t) {
    threads.emplace_back([&, t] {
      const std::string key = "caller " + std::to_string(t);
      uint64_t n = 0;
      const uint64_t before = Allocations();
      uint64_t late = 0;
      while (!stop.load(std::memory_order_relaxed)) {
        const Route route = world.controller->Pick(n % 2 == 0 ? key : "", "");
        Outcome outcome;
        outcome.latency_ms = 1;
        const uint64_t at = Allocations();
        world.controller->Observe(route, outcome);
        late += Allocations() - at;  // only what was overtaken by a new division takes that way
        ++n;
      }
      allocated += Allocations() - before - late;
      asked += n;
    });
  }
  for (int round = 0; round < 60; ++round) {
    const double weight = 1 + round % 30;
    REQUIRE(world.controller->Order({CommandKind::kSetWeight, "bob", "", "", weight}));
    world.clock.Set(world.clock.NowMs() + 100);
    REQUIRE(world.controller->Tick());
  }
  stop = true;
  for (std::thread& thread : threads) thread.join();
  // Two rounds: what readers still held at the first is given back by the second.
  REQUIRE(world.controller->Flush());
  REQUIRE(world.controller->Tick());
  const auto release = world.controller->Current();
  REQUIRE(release);
  CHECK(release->evidence.Of(0).requests + release->evidence.Of(1).requests == asked);
  CHECK(allocated == 0);
  MESSAGE(asked.load(), " requests");
}

}  // namespace quern::deploy
