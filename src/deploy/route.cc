#include "deploy/route.h"

#include <algorithm>
#include <cmath>
#include <optional>

#include "base/check.h"
#include "base/digest.h"

namespace quern::deploy {
namespace {

uint16_t BucketsOf(double percent) {
  const double many = std::round(std::clamp(percent, 0.0, 100.0) * (kBuckets / 100.0));
  return static_cast<uint16_t>(many);
}

std::optional<uint8_t> Asked(const RoutePlan& plan, std::string_view value) {
  if (value.empty()) return std::nullopt;
  if (value == "stable") return uint8_t{0};
  if (value == "candidate" && plan.arms > 1 && !plan.version[1].empty()) return uint8_t{1};
  for (uint8_t arm = 0; arm < plan.arms; ++arm) {
    if (plan.version[arm] == value) return arm;
  }
  return std::nullopt;
}

}  // namespace

double RoutePlan::Share(size_t arm) const {
  if (arm > 0) return static_cast<double>(size[arm]) / kBuckets;
  uint32_t others = 0;
  for (size_t i = 1; i < arms; ++i) others += size[i];
  return static_cast<double>(kBuckets - others) / kBuckets;
}

RoutePlan MakePlan(std::string_view release_id, std::span<const std::string_view> versions,
                   std::span<const double> weights, std::span<const double> ceilings) {
  QUERN_CHECK(!versions.empty() && versions.size() <= kMaxArms, "a plan has 1 to 8 versions");
  QUERN_CHECK(weights.size() + 1 == versions.size() && ceilings.size() == weights.size(),
              "a weight and a ceiling for each candidate");
  RoutePlan plan;
  plan.salt = Hash64(release_id);
  plan.arms = static_cast<uint8_t>(versions.size());
  uint32_t next = 0;
  for (size_t i = 0; i < versions.size(); ++i) {
    plan.version[i] = versions[i];
    if (i == 0) continue;
    const uint32_t most = std::min<uint32_t>(BucketsOf(ceilings[i - 1]), kBuckets - next);
    plan.start[i] = static_cast<uint16_t>(next);
    plan.size[i] = static_cast<uint16_t>(std::min<uint32_t>(BucketsOf(weights[i - 1]), most));
    next += most;
  }
  return plan;
}

RouteChoice Choose(const RoutePlan& plan, std::string_view key, std::string_view override_value,
                   uint64_t random, uint32_t halted) {
  RouteChoice choice;
  const bool keyed = plan.sticky && !key.empty();
  choice.hash = key.empty() ? 0 : Hash64(key, plan.salt);
  choice.bucket = static_cast<uint16_t>((keyed ? choice.hash : random) % kBuckets);
  choice.way = keyed ? RouteWay::kKey : RouteWay::kRandom;
  if (const auto asked = Asked(plan, override_value)) {
    choice.arm = *asked;
    choice.way = RouteWay::kOverride;
  } else {
    for (uint8_t arm = 1; arm < plan.arms; ++arm) {
      if (choice.bucket >= plan.start[arm] && choice.bucket - plan.start[arm] < plan.size[arm]) {
        choice.arm = arm;
      }
    }
  }
  // A halted version answers nobody but the tester who asks for it by name.
  if ((halted >> choice.arm & 1) != 0 && choice.way != RouteWay::kOverride) {
    choice.arm = 0;
    choice.way = RouteWay::kHalted;
  }
  return choice;
}

}  // namespace quern::deploy
