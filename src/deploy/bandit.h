#pragma once
// Several versions at once, each getting traffic as it earns it.
//
// What is remembered are rewards per version; what follows from them are shares of traffic,
// computed now and then. Requests are drawn by these shares, so the probability that a version was
// chosen is known exactly and goes into the log with each decision: rewards may come days later,
// and what another policy would have earned can be estimated from the log (inverse propensity
// weighting, Horvitz & Thompson 1952; doubly robust, Dudík, Langford, Li 2011).
#include <cstdint>
#include <span>
#include <vector>

#include "deploy/strategy.h"

namespace quern::deploy {

/// Rewards of one version, between 0 and 1 each: its rate is Beta(1 + won, 1 + lost).
struct ArmRewards {
  double won = 0;
  double lost = 0;
  bool operator==(const ArmRewards&) const = default;
};

/// Rewards of one version that arrived together.
struct RewardBatch {
  uint64_t n = 0;
  double sum = 0;  // of values in [0, 1]
};

/// Adds a batch per version. With a discount γ < 1 every reward that arrives makes all older ones
/// count γ times as much (discounted Thompson sampling, Raj & Kalyani 2017), so that versions whose
/// rates drift are tried again. Within a batch the order is unknown: each counts the average,
/// (1-γ^N)/(N(1-γ)) of N.
void AddRewards(std::span<ArmRewards> arms, std::span<const RewardBatch> batches, double discount);

/// For each version the probability that its rate is the greatest, given its rewards: by Gauss-
/// Legendre quadrature of ∫ f_i(x) Π_{j≠i} F_j(x) dx. Sums to 1.
std::vector<double> ProbabilityBest(std::span<const ArmRewards> arms);

/// Shares of traffic (0 to 1, summing to 1), none below `floor`. Thompson sampling draws each
/// version as often as it is probably the best; epsilon_greedy gives all but ε to the version with
/// the highest mean (equal ones share it), and ε to all alike.
std::vector<double> BanditShares(std::span<const ArmRewards> arms, const BanditRules& rules);

}  // namespace quern::deploy
