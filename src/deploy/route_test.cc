#include "deploy/route.h"

#include <doctest/doctest.h>

#include <array>
#include <cmath>
#include <string>
#include <vector>

#include "base/random.h"

namespace quern::deploy {
namespace {

constexpr std::array<std::string_view, 2> kTwo{"7", "8"};
constexpr std::array<std::string_view, 4> kFour{"7", "8", "9", "10"};

RoutePlan Canary(double weight, std::string_view release = "r1") {
  const std::array<double, 1> weights{weight}, ceilings{100};
  return MakePlan(release, kTwo, weights, ceilings);
}

uint8_t ArmOf(const RoutePlan& plan, const std::string& key) {
  return Choose(plan, key, "", 0).arm;
}

}  // namespace

TEST_CASE("raising the weight moves keys from stable to the candidate, and none back") {
  Rng rng(1);
  std::vector<std::string> keys;
  for (int i = 0; i < 3000; ++i) keys.push_back("user-" + std::to_string(rng.Next()));
  for (int round = 0; round < 50; ++round) {
    const double low = 100 * rng.Uniform();
    const double high = low + (100 - low) * rng.Uniform();
    const RoutePlan before = Canary(low);
    const RoutePlan after = Canary(high);
    for (const std::string& key : keys) {
      if (ArmOf(before, key) == 1) REQUIRE(ArmOf(after, key) == 1);
    }
  }
  for (const std::string& key : keys) {
    CHECK(ArmOf(Canary(0), key) == 0);
    CHECK(ArmOf(Canary(100), key) == 1);
  }
}

TEST_CASE("of several candidates, a weight that changes moves no other's keys") {
  const std::array<double, 3> ceilings{20, 30, 10};
  const RoutePlan full = MakePlan("r", kFour, ceilings, ceilings);
  const std::array<double, 3> dropped{20, 0, 10};
  const RoutePlan less = MakePlan("r", kFour, dropped, ceilings);
  for (int i = 0; i < 20000; ++i) {
    const std::string key = "k" + std::to_string(i);
    const uint8_t arm = ArmOf(full, key);
    CHECK(ArmOf(less, key) == (arm == 2 ? 0 : arm));
  }
}

TEST_CASE("shares are those declared, within what chance allows") {
  const int n = 200'000;
  for (double weight : {0.01, 1.0, 12.34, 50.0, 99.0}) {
    CAPTURE(weight);
    const RoutePlan plan = Canary(weight);
    Rng rng(7);
    int keyed = 0;
    int random = 0;
    for (int i = 0; i < n; ++i) {
      keyed += ArmOf(plan, "patient " + std::to_string(i));
      random += Choose(plan, "", "", rng.Next()).arm;
    }
    const double expected = n * weight / 100;
    // Five standard deviations of a binomial count: once in two million.
    const double slack = 5 * std::sqrt(expected * (1 - weight / 100)) + 1;
    CHECK(std::abs(keyed - expected) < slack);
    CHECK(std::abs(random - expected) < slack);
    CHECK(plan.Share(1) == doctest::Approx(weight / 100));
    CHECK(plan.Share(0) == doctest::Approx(1 - weight / 100));
  }
}

TEST_CASE("a key stays where it is, and each release divides keys anew") {
  const RoutePlan plan = Canary(30);
  const RoutePlan other = Canary(30, "r2");
  int both = 0;
  const int n = 20'000;
  for (int i = 0; i < n; ++i) {
    const std::string key = "u" + std::to_string(i);
    const uint8_t arm = ArmOf(plan, key);
    CHECK(Choose(plan, key, "", static_cast<uint64_t>(i)).arm == arm);
    both += arm == 1 && ArmOf(other, key) == 1;
  }
  // Independent: 9 percent are candidates of both.
  CHECK(std::abs(both - n * 0.09) < 5 * std::sqrt(n * 0.09 * 0.91));
}

TEST_CASE("testers choose, and halted versions get nothing else") {
  const std::array<double, 3> weights{20, 30, 10};
  const RoutePlan plan = MakePlan("r", kFour, weights, weights);
  CHECK(Choose(plan, "u", "stable", 0).arm == 0);
  CHECK(Choose(plan, "u", "candidate", 0).arm == 1);
  CHECK(Choose(plan, "u", "10", 0).arm == 3);
  CHECK(Choose(plan, "u", "10", 0).way == RouteWay::kOverride);
  CHECK(Choose(plan, "u", "11", 0).way == RouteWay::kKey);
  CHECK(Choose(plan, "u", "9", 0, 0b100).arm == 2);
  bool seen = false;
  for (uint64_t bucket = 0; bucket < kBuckets; ++bucket) {
    const RouteChoice choice = Choose(plan, "", "", bucket, 0b100);
    CHECK(choice.arm != 2);
    seen = seen || choice.way == RouteWay::kHalted;
  }
  CHECK(seen);
  RoutePlan drawn = plan;
  drawn.sticky = false;
  CHECK(Choose(drawn, "u", "", 1).way == RouteWay::kRandom);
  CHECK(Choose(drawn, "u", "", 1).bucket == 1);
}

}  // namespace quern::deploy
