// Whatever inputs come, in whatever order.
#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <boost/json.hpp>

#include "base/random.h"
#include "deploy/release.h"

namespace quern::deploy {
namespace {

Strategy AnyStrategy(Rng& rng) {
  Strategy s;
  s.steps = {{5, {60, 10}}, {50, {60, 10}}};
  s.bake = {60, 0};
  s.judge.at_least = 0;
  s.judge.min_requests = 100;
  s.judge.at_most = 1000;
  s.hold = 100;
  constexpr StrategyKind kKinds[] = {
      StrategyKind::kCanary,    StrategyKind::kCanary, StrategyKind::kBasic, StrategyKind::kShadow,
      StrategyKind::kBlueGreen, StrategyKind::kAb,     StrategyKind::kBandit};
  s.kind = kKinds[rng.Below(std::size(kKinds))];
  if (rng.Below(2) == 0 || s.kind == StrategyKind::kShadow) s.shadow = {5, 20};
  if (s.kind == StrategyKind::kAb || s.kind == StrategyKind::kBandit) {
    s.versions = {{"8", 20}, {"9", 30}};
    s.run = {100, 50};
  }
  if (s.kind != StrategyKind::kCanary) s.steps.clear();
  s.preview = {10, 0};
  // Settings of other kinds go back to their defaults.
  return *ParseStrategy(StrategyJson(s));
}

Input AnyInput(Rng& rng, size_t candidates) {
  switch (rng.Below(24)) {
    case 0:
      return NotReady{"8", "x"};
    case 1:
      return Tripped{1 + rng.Below(candidates), GuardKind::kCrash, ""};
    case 2:
      return Reweigh{std::vector<double>(candidates, 10 * rng.Uniform())};
    case 3:
    case 4:
    case 5: {
      Command command{static_cast<CommandKind>(rng.Below(6)), "bob", "", "", 0};
      if (rng.Below(2) == 0) command.version = "8";
      command.weight = static_cast<double>(rng.Below(110));
      return command;
    }
    case 6:
    case 7:
    case 8:
      return Warmed{};
    default:
      return Tick{};
  }
}

/// Traffic as it is divided now, with rates of this run.
void AnyTraffic(Rng& rng, Release& r, const std::vector<double>& rates) {
  std::vector<double> shares{1};
  for (const Candidate& c : r.candidates) {
    shares.push_back(c.weight / 100);
    shares[0] -= c.weight / 100;
  }
  if (r.phase == Phase::kShadow) r.evidence.shadowed += rng.Below(20);
  PhaseCounts& phase = r.evidence.At(shares);
  const uint64_t n = rng.Below(4'000);
  for (size_t arm = 0; arm < shares.size(); ++arm) {
    const auto mine = static_cast<uint64_t>(static_cast<double>(n) * std::max(0.0, shares[arm]));
    phase.arms[arm].requests += mine;
    phase.arms[arm].units += mine;
    phase.arms[arm].events[0] += static_cast<uint64_t>(static_cast<double>(mine) * rates[arm]);
  }
}

double Total(const Release& r) {
  double sum = 0;
  for (const Candidate& c : r.candidates) sum += c.weight;
  return sum;
}

/// What no transition may break.
void CheckTransition(const Release& before, const Input& input, const Transition& t) {
  const Release& after = t.release;
  const auto* command = std::get_if<Command>(&input);
  CHECK(Total(after) <= 100.000001);
  CHECK(after.audits == before.audits + (t.audit ? 1 : 0));
  if (after.phase != before.phase || after.step != before.step || after.closed != before.closed) {
    REQUIRE(t.audit.has_value());
    CHECK_FALSE(t.audit->sentence.empty());
    CHECK_FALSE(t.audit->actor.empty());
  }
  if (after.phase == Phase::kRolledBack) {
    CHECK(Total(after) == 0);
    CHECK(after.closed);
  }
  if (after.phase == Phase::kBaking && before.phase == Phase::kStep &&
      after.strategy.kind == StrategyKind::kCanary) {
    CHECK(Judge(before, t.audit->at_ms).at(0).call == Call::kSafe);
    CHECK(before.step + 1 == before.strategy.steps.size());
  }
  if (after.phase == Phase::kPromoted && before.phase != Phase::kPromoted) {
    const bool ordered = command != nullptr && command->kind == CommandKind::kPromote;
    const bool swapped = after.strategy.kind == StrategyKind::kBasic;
    CHECK((ordered || swapped || before.phase == Phase::kBaking));
  }
  const bool rises = after.candidates[0].weight > before.candidates[0].weight;
  if (rises && after.strategy.kind == StrategyKind::kCanary && command == nullptr &&
      after.phase == Phase::kStep) {
    CHECK(after.candidates[0].weight == after.strategy.steps[after.step].weight);
    CHECK((before.phase != Phase::kStep || after.step == before.step + 1));
  }
}

}  // namespace

TEST_CASE(
    "whatever happens, no rule of a release is broken, and its state can be stored anywhere") {
  std::array<int, 8> seen{};
  for (uint64_t seed = 0; seed < 300; ++seed) {
    Rng rng(seed);
    const Strategy strategy = AnyStrategy(rng);
    const bool many = !strategy.versions.empty();
    const auto begun = Begin({"r", "m", "champion", "7", many ? "" : "8", strategy, "ada"}, 1000);
    REQUIRE(begun);
    Release release = begun->release;
    std::vector<double> rates{0.01, 0.01, 0.01};
    if (rng.Below(2) == 0) rates[1] = 0.05;
    int64_t now = 1000;
    CAPTURE(seed);
    for (int i = 0; i < 80; ++i) {
      now += static_cast<int64_t>(rng.Below(60'000));
      AnyTraffic(rng, release, rates);
      // Stored and read back at this very point, it goes on in the same way.
      auto again = ReadRelease(*ParseJson(WriteJson(ReleaseJson(release))));
      REQUIRE(again);
      auto evidence = ReadEvidence(*ParseJson(WriteJson(EvidenceJson(release.evidence))));
      REQUIRE(evidence);
      again->evidence = std::move(*evidence);
      const Input input = AnyInput(rng, release.candidates.size());
      const auto next = Advance(release, input, now);
      const auto other = Advance(std::move(*again), input, now);
      REQUIRE(next.has_value() == other.has_value());
      if (!next) continue;
      CheckTransition(release, input, *next);
      CHECK(WriteJson(ReleaseJson(next->release)) == WriteJson(ReleaseJson(other->release)));
      CHECK(next->audit.has_value() == other->audit.has_value());
      if (next->audit) CHECK(next->audit->detail == other->audit->detail);
      release = next->release;
      ++seen[static_cast<size_t>(release.phase)];
    }
  }
  for (size_t phase = 1; phase < seen.size(); ++phase) {
    CAPTURE(phase);
    CHECK(seen[phase] > 0);
  }
}

}  // namespace quern::deploy
