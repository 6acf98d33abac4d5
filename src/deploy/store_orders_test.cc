#include "deploy/store_orders.h"

#include <doctest/doctest.h>

#include "base/text.h"
#include "tests/store/engines.h"

namespace quern::deploy {
namespace {

/// Versions 1 to 3; "champion" is 1, and the gate is open to what `open` says.
OrderRegistry Registry(bool open) {
  OrderRegistry asked;
  asked.number = [](const std::string&, const std::string& text) -> Result<std::string> {
    if (text == "champion") return "1";
    if (const auto n = ParseInt(text); n && *n <= 3) return text;
    return Fail(Code::kNotFound, "no version '" + text + "'");
  };
  asked.may_promote = [open](const std::string&, const std::string& alias,
                             const std::string& version) -> Status {
    if (open) return {};
    return Fail(Code::kFailedPrecondition, version + " may not be " + alias);
  };
  return asked;
}

NewRelease Wanted(StrategyKind kind = StrategyKind::kCanary) {
  Strategy strategy;
  strategy.kind = kind;
  strategy.steps = {{5, {0, 0}}};
  return {"", "heart", "champion", "champion", "2", strategy, "ada"};
}

Command Of(CommandKind kind) {
  Command order;
  order.kind = kind;
  order.actor = "ada";
  return order;
}

}  // namespace

TEST_CASE("a release is begun with versions by alias, one at a time") {
  store::TestDatabase database{store::EachEngine()};
  ReleaseStore releases(*database);
  StoreOrders orders(releases, SystemClock(), Registry(true));
  const auto begun = orders.Begin(Wanted());
  REQUIRE(begun);
  CHECK(begun->release.stable == "1");
  CHECK(orders.Begin(Wanted()).error().code == Code::kAlreadyExists);
  NewRelease unknown = Wanted();
  unknown.candidate = "9";
  CHECK(orders.Begin(unknown).error().code == Code::kNotFound);
  CHECK(orders.Find("heart", "")->release.id == begun->release.id);
  CHECK(orders.Find("liver", "").error().code == Code::kNotFound);
  const auto ended = orders.Order("heart", "", Of(CommandKind::kAbort));
  REQUIRE(ended);
  CHECK(ended->sentence == "rolled back by order");
  CHECK(releases.Audits(begun->release.id)->back().audit.actor == "ada");
}

TEST_CASE("a closed gate refuses a promotion, and a release that takes over at once") {
  store::TestDatabase database{store::EachEngine()};
  ReleaseStore releases(*database);
  StoreOrders closed(releases, SystemClock(), Registry(false));
  CHECK(closed.Begin(Wanted(StrategyKind::kBasic)).error().code == Code::kFailedPrecondition);
  CHECK_FALSE(releases.Unfinished("heart")->has_value());
  const auto begun = closed.Begin(Wanted());
  REQUIRE(begun);
  // Brought to its step, as a server does.
  auto warming = Advance(begun->release, Tick{}, 1);
  REQUIRE(warming);
  auto stored = releases.Save(*begun, *warming);
  REQUIRE(stored);
  const auto step = Advance(stored->release, Warmed{}, 2);
  REQUIRE(step);
  REQUIRE(releases.Save(*stored, *step));
  const auto refused = closed.Order("heart", "", Of(CommandKind::kPromote));
  REQUIRE_FALSE(refused);
  CHECK(refused.error().message == "2 may not be champion");
  CHECK(closed.Find("heart", "")->release.phase == Phase::kStep);
  StoreOrders open(releases, SystemClock(), Registry(true));
  CHECK(open.Order("heart", "", Of(CommandKind::kPromote))->stored.release.winner == "2");
  // What is held gives way to the next one.
  NewRelease next = Wanted();
  next.stable = "2";
  next.candidate = "3";
  CHECK(open.Begin(next));
}

}  // namespace quern::deploy
