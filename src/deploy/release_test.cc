#include "deploy/release.h"

#include <doctest/doctest.h>

#include <boost/json.hpp>

namespace quern::deploy {
namespace {

Strategy BakedCanary() {
  Strategy s;
  s.kind = StrategyKind::kCanary;
  s.steps = {{5, {60, 10}}, {50, {60, 10}}};
  s.bake = {60, 0};
  s.judge.at_least = 0;
  s.judge.min_requests = 100;
  s.judge.at_most = 1000;
  s.hold = 100;
  return s;
}

/// A release and its world: time, traffic, records.
struct Scene {
  explicit Scene(Strategy strategy) {
    const char* candidate = strategy.versions.empty() ? "8" : "";
    const auto begun =
        Begin({"r1", "heart", "champion", "7", candidate, std::move(strategy), "ada"}, now);
    REQUIRE(begun);
    release = begun->release;
    audits.push_back(*begun->audit);
  }
  Status Give(const Input& input) {
    auto next = Advance(release, input, now);
    if (!next) return std::unexpected(next.error());
    release = std::move(next->release);
    if (next->audit) audits.push_back(*next->audit);
    return {};
  }
  void Wait(double seconds) {
    now += static_cast<int64_t>(seconds * 1000);
    REQUIRE(Give(Tick{}));
  }
  void Traffic(uint64_t stable, uint64_t stable_errors, uint64_t candidate, uint64_t errors) {
    const double w = release.candidates[0].weight / 100;
    PhaseCounts& phase = release.evidence.At({1 - w, w});
    ArmCounts add;
    add.requests = add.units = stable;
    add.events[0] = stable_errors;
    phase.arms[0].Merge(add);
    add.requests = add.units = candidate;
    add.events[0] = errors;
    phase.arms[1].Merge(add);
  }
  void Warm() {
    Wait(0);
    REQUIRE(Give(Warmed{}));
  }
  Command Order(CommandKind kind) const { return {kind, "bob", "", "", 0}; }
  const Audit& last() const { return audits.back(); }

  int64_t now = 1'000'000;
  Release release;
  std::vector<Audit> audits;
};

using Kinds = std::vector<Action>;

}  // namespace

TEST_CASE("a good canary rises step by step, bakes, and is promoted with its proof") {
  Scene p(BakedCanary());
  CHECK(p.release.phase == Phase::kPending);
  p.Wait(0);
  CHECK(p.release.phase == Phase::kWarming);
  CHECK(p.release.todo == Kinds{{ActionKind::kPrepare, "8"}});
  CHECK(p.release.candidates[0].weight == 0);
  REQUIRE(p.Give(Warmed{}));
  CHECK(p.release.phase == Phase::kStep);
  CHECK(p.release.todo.empty());
  CHECK(p.release.candidates[0].weight == 5);
  p.Traffic(1900, 19, 100, 1);
  p.Wait(59);
  CHECK(p.release.candidates[0].weight == 5);
  p.Wait(1);
  CHECK(p.release.candidates[0].weight == 50);
  CHECK(p.last().sentence == "no harm proven at 5 %: gets 50 %");
  p.Traffic(300, 3, 300, 3);
  p.Wait(60);
  CHECK(p.release.phase == Phase::kStep);  // not proven yet
  p.Traffic(20'000, 200, 20'000, 200);
  p.Wait(1);
  CHECK(p.release.phase == Phase::kBaking);
  CHECK(p.release.candidates[0].weight == 100);
  CHECK(p.last().actor == "judge");
  CHECK(p.last().sentence.find("proven not worse") == 0);
  const json::value detail = *ParseJson(p.last().detail);
  CHECK(detail.at("verdicts").at(0).at("call") == "safe");
  p.Wait(60);
  CHECK(p.release.phase == Phase::kPromoted);
  CHECK(p.release.todo == Kinds{{ActionKind::kSetAlias, "8"}});
  p.release.todo.clear();
  p.Wait(99);
  CHECK_FALSE(p.release.closed);
  p.Wait(1);
  CHECK(p.release.closed);
  CHECK(p.release.todo == Kinds{{ActionKind::kRetire, "7"}});
  for (size_t i = 0; i < p.audits.size(); ++i) {
    CHECK(p.audits[i].sequence == static_cast<int64_t>(i + 1));
  }
}

TEST_CASE("a bandit has rewards and no verdicts: its shares follow what they would be judged by") {
  Strategy strategy;
  strategy.kind = StrategyKind::kBandit;
  strategy.versions = {{"8", 50}};
  Scene p(strategy);
  p.Warm();
  p.Traffic(100, 90, 900, 0);  // far from the shares that it began with
  p.release.evidence.rewards = {{10, 90}, {800, 100}};
  CHECK(Judge(p.release, p.now).empty());
  CHECK(VerdictsJson(p.release, p.now).empty());
  const json::value earned = EarnedJson(p.release);
  CHECK(WriteJson(earned) == R"([{"version":"7","requests":100,"won":10,"lost":90},)"
                             R"({"version":"8","requests":900,"won":800,"lost":100}])");
  Scene canary(BakedCanary());
  CHECK(EarnedJson(canary.release).is_null());
  CHECK(Judge(canary.release, canary.now).size() == 1);
}

TEST_CASE("a bad canary is rolled back with its evidence") {
  Scene p(BakedCanary());
  p.Warm();
  p.Traffic(1900, 19, 100, 20);
  p.Wait(1);
  CHECK(p.release.phase == Phase::kRolledBack);
  CHECK(p.release.closed);
  CHECK(p.release.candidates[0].weight == 0);
  CHECK(p.release.todo == Kinds{{ActionKind::kRetire, "8"}});
  CHECK(p.last().sentence.find("harm proven: errors of version 8") == 0);
  CHECK(p.Give(p.Order(CommandKind::kPromote)).error().code == Code::kFailedPrecondition);
}

TEST_CASE("an undecided one is paused at the limit, and still rolled back on harm") {
  Scene p(BakedCanary());
  p.Warm();
  p.Traffic(100, 1, 5, 0);
  p.Wait(1000);
  CHECK(p.release.phase == Phase::kPaused);
  CHECK(p.release.candidates[0].weight == 5);
  CHECK(p.last().sentence.find("undecided after ") == 0);
  Scene resumed = p;
  REQUIRE(resumed.Give(p.Order(CommandKind::kResume)));
  CHECK(resumed.release.phase == Phase::kStep);
  resumed.Wait(999);
  CHECK(resumed.release.phase == Phase::kStep);
  resumed.Wait(1);
  CHECK(resumed.release.phase == Phase::kPaused);
  p.Traffic(1000, 10, 100, 25);
  p.Wait(1);
  CHECK(p.release.phase == Phase::kRolledBack);
}

TEST_CASE("a broken split pauses; what is resumed begins to count anew") {
  Scene p(BakedCanary());
  p.Warm();
  p.Traffic(1000, 0, 300, 0);
  p.Wait(1);
  CHECK(p.release.phase == Phase::kPaused);
  CHECK(p.last().sentence.find("the comparison is not valid") == 0);
  REQUIRE(p.Give(p.Order(CommandKind::kResume)));
  CHECK(p.release.phase == Phase::kStep);
  CHECK(p.release.evidence.Of(1).requests == 0);
  CHECK(p.release.evidence.phases.at(0).arms[1].requests == 300);
  p.Wait(1);
  CHECK(p.release.phase == Phase::kStep);
}

TEST_CASE("guards act at once, in every phase with traffic") {
  for (int until = 0; until < 5; ++until) {
    Strategy s = BakedCanary();
    s.shadow = {0, 10};
    Scene p(s);
    p.Warm();
    CHECK(p.release.phase == Phase::kShadow);
    if (until > 0) {
      p.release.evidence.shadowed = 10;
      p.Wait(1);
      CHECK(p.release.phase == Phase::kStep);
    }
    if (until == 2) REQUIRE(p.Give(p.Order(CommandKind::kPause)));
    if (until > 2) {
      p.Traffic(9'500, 95, 500, 5);
      p.Wait(60);
      p.Traffic(20'000, 200, 20'000, 200);
      p.Wait(60);
      CHECK(p.release.phase == Phase::kBaking);
    }
    if (until > 3) {
      p.Wait(60);
      CHECK(p.release.phase == Phase::kPromoted);
    }
    REQUIRE(p.Give(Tripped{1, GuardKind::kNan, "3 rows"}));
    CHECK(p.release.phase == Phase::kRolledBack);
    CHECK(p.last().actor == "guard");
    CHECK(p.last().sentence == "version 8: answered with a NaN: 3 rows");
    const bool moved = until == 4;
    CHECK((p.release.todo.front() == Action{ActionKind::kSetAlias, "7"}) == moved);
  }
  Scene p(BakedCanary());
  p.Wait(0);
  REQUIRE(p.Give(NotReady{"8", "self-test: 0.3 instead of 0.4"}));
  CHECK(p.release.phase == Phase::kRolledBack);
  CHECK(p.last().sentence == "version 8 is not ready: self-test: 0.3 instead of 0.4");
}

TEST_CASE("basic and blue/green") {
  Strategy basic;
  basic.hold = 50;
  Scene p(basic);
  p.Warm();
  CHECK(p.release.phase == Phase::kPromoted);
  REQUIRE(p.Give(p.Order(CommandKind::kAbort)));
  CHECK(p.release.phase == Phase::kRolledBack);
  CHECK(p.release.todo == Kinds{{ActionKind::kSetAlias, "7"}, {ActionKind::kRetire, "8"}});

  Strategy green;
  green.kind = StrategyKind::kBlueGreen;
  green.preview = {10, 2};
  green.bake = {20, 0};
  Scene q(green);
  q.Warm();
  CHECK(q.release.phase == Phase::kStep);
  CHECK(q.release.candidates[0].weight == 0);
  q.Wait(10);
  CHECK(q.release.phase == Phase::kStep);  // nobody has tried it
  q.release.evidence.At({1, 0}).arms[1].tested = 2;
  q.Wait(1);
  CHECK(q.release.phase == Phase::kBaking);
  q.Wait(20);
  CHECK(q.release.phase == Phase::kPromoted);
}

TEST_CASE("of several versions the harmful one is dropped, the rest waits for an order") {
  Strategy s = BakedCanary();
  s.kind = StrategyKind::kAb;
  s.versions = {{"8", 25}, {"9", 25}};
  s.run = {60, 100};
  s.judge.at_most = 500;
  Scene p(s);
  p.Warm();
  PhaseCounts& phase = p.release.evidence.At({0.5, 0.25, 0.25});
  for (size_t arm = 0; arm < 3; ++arm) {
    phase.arms[arm].requests = phase.arms[arm].units = arm == 0 ? 2000 : 1000;
    phase.arms[arm].events[0] = arm == 2 ? 100 : 10;
  }
  p.Wait(1);
  CHECK(p.release.phase == Phase::kStep);
  CHECK(p.release.candidates[1].dropped);
  CHECK(p.release.candidates[1].weight == 0);
  CHECK(p.release.candidates[0].weight == 25);
  p.Wait(60);
  CHECK(p.release.phase == Phase::kPaused);
  CHECK(p.last().sentence.find("the comparison is over") == 0);
  Command order = p.Order(CommandKind::kPromote);
  order.version = "9";
  CHECK(p.Give(order).error().code == Code::kInvalidArgument);
  order.version = "";
  REQUIRE(p.Give(order));
  CHECK(p.release.winner == "8");
}

TEST_CASE("commands") {
  Scene p(BakedCanary());
  CHECK(p.Give(p.Order(CommandKind::kPromote)).error().code == Code::kFailedPrecondition);
  CHECK(p.Give(p.Order(CommandKind::kPause)).error().message ==
        "release r1 of heart is pending: it cannot take 'pause'");
  p.Warm();
  Command weight = p.Order(CommandKind::kSetWeight);
  weight.weight = 100;
  CHECK(p.Give(weight).error().code == Code::kInvalidArgument);
  weight.weight = 60;
  REQUIRE(p.Give(weight));
  CHECK(p.last().sentence == "weight set from 5 to 60 %");
  CHECK(p.release.step == 1);
  REQUIRE(p.Give(p.Order(CommandKind::kPause)));
  CHECK(p.Give(p.Order(CommandKind::kPause)).error().code == Code::kFailedPrecondition);
  Command promote = p.Order(CommandKind::kPromote);
  promote.reason = "it is Friday";
  REQUIRE(p.Give(promote));
  CHECK(p.release.phase == Phase::kPromoted);
  CHECK(p.last().actor == "bob");
  CHECK(p.last().sentence == "promoted by order: it is Friday");
  CHECK(*ParseCommand("set_weight") == CommandKind::kSetWeight);
  CHECK(ParseCommand("promot").error().hint == "did you mean 'promote'?");
  CHECK(Begin({"r", "m", "champion", "7", "7", BakedCanary(), "a"}, 0).error().code ==
        Code::kInvalidArgument);
  Strategy ab;
  ab.kind = StrategyKind::kAb;
  ab.versions = {{"8", 50}};
  CHECK(Begin({"r", "m", "champion", "7", "9", ab, "a"}, 0).error().message ==
        "strategy ab names its versions, and the candidate '9' is named beside it");
  CHECK(Begin({"r", "m", "champion", "7", "", BakedCanary(), "a"}, 0).error().code ==
        Code::kInvalidArgument);
}

}  // namespace quern::deploy
