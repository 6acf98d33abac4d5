#pragma once
// Which version answers a request: a pure function of the plan, the request's key and, without a
// key, a random number. No locks, no allocation.
#include <array>
#include <cstdint>
#include <span>
#include <string_view>

namespace quern::deploy {

/// Versions of one release; arm 0 is the stable one.
inline constexpr size_t kMaxArms = 8;
/// Traffic is divided to a hundredth of a percent.
inline constexpr uint32_t kBuckets = 10'000;

enum class RouteWay : uint8_t {
  kKey,       // by the hash of the key: sticky
  kRandom,    // the request has no key
  kOverride,  // a tester asked for it: never part of a comparison
  kHalted,    // a guard has taken the arm that the bucket belongs to out of traffic
};

/// A share of the buckets for each candidate; the rest is the stable version's. Immutable, of fixed
/// size.
///
/// An arm's buckets begin at the same place for the whole of a release, and a weight is how many of
/// them follow. So raising a weight only moves keys from stable to that arm, lowering it only back,
/// and no other arm's keys move.
struct RoutePlan {
  uint64_t salt = 0;
  uint8_t arms = 1;
  /// Versions of a bandit are drawn anew for each request, so that shares are true probabilities.
  bool sticky = true;
  std::array<uint16_t, kMaxArms> start{};
  std::array<uint16_t, kMaxArms> size{};
  /// Names that the override may ask for, "" for none; they must outlive the plan.
  std::array<std::string_view, kMaxArms> version{};

  /// The probability of an arm for a random key.
  double Share(size_t arm) const;
};

struct RouteChoice {
  uint8_t arm = 0;
  RouteWay way = RouteWay::kRandom;
  uint16_t bucket = 0;
  uint64_t hash = 0;  // of the key; 0 without one
};

/// `weights` of the candidates in percent now, `ceilings` the greatest that each may get in this
/// release; both sum to at most 100. The salt comes from the release's id, so that each release
/// divides its callers anew.
RoutePlan MakePlan(std::string_view release_id, std::span<const std::string_view> versions,
                   std::span<const double> weights, std::span<const double> ceilings);

/// `key` is "" for a request without one, `random` is then what decides. `override` is "stable",
/// "candidate" (the first one), or a version of the plan; anything else is as if it were not there.
/// `halted` has bit `arm` set for arms that get no traffic. bucket = XXH3(key, salt) mod 10000.
RouteChoice Choose(const RoutePlan& plan, std::string_view key, std::string_view override_value,
                   uint64_t random, uint32_t halted = 0);

}  // namespace quern::deploy
