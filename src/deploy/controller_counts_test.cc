// What the controller counts, and what it writes of it.
#include <boost/json.hpp>

#include "deploy/controller_fixture_test.h"

namespace quern::deploy {

TEST_CASE("a shadow report is written when there is news, also of dropped requests alone") {
  store::TestDatabase database{store::EachEngine()};
  World world(*database);
  Strategy strategy;
  strategy.kind = StrategyKind::kShadow;
  strategy.shadow = {3600, 0};
  const std::string id = world.Begin(strategy);
  REQUIRE(world.Second());
  world.controller->DropShadow();
  for (int i = 0; i < 3; ++i) REQUIRE(world.Second(0));
  CHECK(world.releases.Shadow(id)->State() == world.controller->Shadow().State());
  CHECK_FALSE(world.releases.Shadow(id)->empty());
  // Another's writing stays: nobody here has seen anything since.
  ShadowReport other;
  other.AddDropped(7);
  REQUIRE(world.releases.SaveShadow(id, other));
  for (int i = 0; i < 5; ++i) REQUIRE(world.Second());
  CHECK(world.controller->Current()->evidence.Of(0).requests == 1500);
  CHECK(world.releases.Shadow(id)->State() == other.State());
}

TEST_CASE("callers count once though a release is paused, resumed and read again") {
  store::TestDatabase database{store::EachEngine()};
  World world(*database);
  Strategy strategy = QuickCanary();
  strategy.key.header = "x-user";
  strategy.steps = {{50, {1000, 0}}};
  strategy.judge.at_most = 1e6;
  world.Begin(strategy);
  REQUIRE(world.Second(0));
  const auto units = [&] {
    for (int caller = 0; caller < 400; ++caller) world.Ask("caller " + std::to_string(caller));
    REQUIRE(world.controller->Tick());
    const auto release = world.controller->Current();
    return release->evidence.Of(0).units + release->evidence.Of(1).units;
  };
  const uint64_t once = units();
  CHECK(once > 390);  // two in one slot count once
  REQUIRE(world.controller->Order({CommandKind::kPause, "bob", "", "", 0}));
  CHECK(units() == once);
  REQUIRE(world.controller->Order({CommandKind::kResume, "bob", "", "", 0}));
  CHECK(units() == once);
  // The same order by another process.
  ReleaseController other("heart", world.releases, world.server, world.clock);
  REQUIRE(other.Resume());
  REQUIRE(other.Order({CommandKind::kPause, "eve", "", "", 0}));
  world.clock.Set(world.clock.NowMs() + 5000);
  REQUIRE(world.controller->Tick());
  CHECK(world.phase() == Phase::kPaused);
  CHECK(units() == once);
}

TEST_CASE("from a trip to the tick nobody is counted, so that the split stays the declared one") {
  store::TestDatabase database{store::Engine::kSqlite};
  World world(*database);
  Strategy strategy;
  strategy.kind = StrategyKind::kAb;
  strategy.versions = {{"8", 30}, {"9", 30}};
  strategy.run = {3600, 0};
  const std::string id = world.Begin(strategy, "");
  REQUIRE(world.Second(0));
  REQUIRE(world.Second(3000));
  std::vector<Route> slow;  // drawn between trip and tick, answered after it
  world.nan_of = "9";
  for (int i = 0; i < 20'000; ++i) {
    world.Ask();
    if (i > 10'000 && i % 2 == 0) slow.push_back(world.controller->Pick("", ""));
  }
  const uint64_t tripped = world.asked["9"];
  REQUIRE(world.controller->Tick());
  for (const Route& route : slow) world.controller->Observe(route, {});
  REQUIRE(world.Second(0));
  CHECK(world.phase() == Phase::kStep);
  CHECK(world.Last(id).sentence == "version 9: answered with a NaN");
  const auto release = world.controller->Current();
  REQUIRE(release);
  // Only those before the trip, of every version.
  CHECK(release->evidence.phases[0].arms[2].requests == tripped - 1);
  const uint64_t of_all = release->evidence.Of(0).requests + release->evidence.Of(1).requests +
                          release->evidence.Of(2).requests;
  CHECK(of_all < 3000 + 200);
  for (int i = 0; i < 3; ++i) REQUIRE(world.Second(3000));
  CHECK(world.phase() == Phase::kStep);
}

}  // namespace quern::deploy
