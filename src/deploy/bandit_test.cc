#include "deploy/bandit.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "base/random.h"
#include "deploy/reference_test.h"

namespace quern::deploy {
namespace {

struct Play {
  std::vector<uint64_t> chosen;
  double earned = 0;
  std::vector<double> estimated;  // of each arm's rate, from the log alone
};

/// Rewards come `delay` requests late, in batches, and shares are renewed with each batch.
Play Run(const std::vector<double>& rates_before, const std::vector<double>& rates_after,
         const BanditRules& rules, int requests, int delay, uint64_t seed) {
  const size_t k = rates_before.size();
  std::vector<ArmRewards> arms(k);
  std::vector<std::vector<RewardBatch>> waiting;
  std::vector<double> shares = BanditShares(arms, rules);
  Rng rng(seed);
  Play play;
  play.chosen.resize(k);
  play.estimated.resize(k);
  std::vector<RewardBatch> batch(k);
  for (int i = 0; i < requests; ++i) {
    double u = rng.Uniform();
    size_t arm = 0;
    while (arm + 1 < k && u >= shares[arm]) u -= shares[arm++];
    const double rate = (i < requests / 2 ? rates_before : rates_after)[arm];
    const double reward = rng.Uniform() < rate ? 1 : 0;
    ++play.chosen[arm];
    play.earned += reward;
    play.estimated[arm] += reward / shares[arm] / requests;
    ++batch[arm].n;
    batch[arm].sum += reward;
    if ((i + 1) % 50 != 0) continue;
    waiting.push_back(std::exchange(batch, std::vector<RewardBatch>(k)));
    if (waiting.size() * 50 > static_cast<size_t>(delay)) {
      AddRewards(arms, waiting.front(), rules.discount);
      waiting.erase(waiting.begin());
      shares = BanditShares(arms, rules);
      for (const double share : shares) REQUIRE(share >= rules.floor / 100 - 1e-12);
      REQUIRE(std::accumulate(shares.begin(), shares.end(), 0.0) == doctest::Approx(1));
    }
  }
  return play;
}

}  // namespace

TEST_CASE("the probability to be the best is SciPy's") {
  for (const json::value& item : Reference().at("best_arm").as_array()) {
    std::vector<ArmRewards> arms;
    for (const json::value& arm : item.at("posteriors").as_array()) {
      arms.push_back({arm.at(0).to_number<double>() - 1, arm.at(1).to_number<double>() - 1});
    }
    const std::vector<double> best = ProbabilityBest(arms);
    for (size_t i = 0; i < arms.size(); ++i) {
      CheckNear(best[i], item.at("best").at(i).to_number<double>(), 1e-6, 1e-8);
    }
  }
}

TEST_CASE("traffic goes to the best version, with delayed rewards") {
  const std::vector<double> rates{0.10, 0.13, 0.11};
  for (const BanditMethod method : {BanditMethod::kThompson, BanditMethod::kEpsilonGreedy}) {
    BanditRules rules;
    rules.method = method;
    rules.floor = 2;
    const Play play = Run(rates, rates, rules, 40'000, 2'000, 1);
    CHECK(play.chosen[1] > play.chosen[0] * 2);
    CHECK(play.chosen[1] > play.chosen[2] * 2);
    CHECK(play.earned > 40'000 * 0.118);
    CHECK(std::min(play.chosen[0], play.chosen[2]) > 40'000 * 0.02 * 0.8);
    // Propensities make the log fair: each rate is estimated without bias.
    for (size_t arm = 0; arm < 3; ++arm) {
      // Within four standard deviations, were the share always at its floor.
      CHECK(std::abs(play.estimated[arm] - rates[arm]) < 4 * std::sqrt(rates[arm] / 0.02 / 40'000));
    }
  }
}

TEST_CASE("a discount follows versions that change places") {
  const std::vector<double> before{0.10, 0.20};
  const std::vector<double> after{0.20, 0.05};
  BanditRules rules;
  rules.floor = 1;
  const double kept = Run(before, after, rules, 20'000, 200, 1).earned;
  rules.discount = 0.999;
  const double discounted = Run(before, after, rules, 20'000, 200, 1).earned;
  CHECK(discounted > kept);
  CHECK(discounted > 20'000 * 0.18);
}

TEST_CASE("rewards are discounted by how many came after them") {
  std::vector<ArmRewards> arms(2);
  const std::vector<RewardBatch> one{{1, 1}, {0, 0}};
  AddRewards(arms, one, 0.5);
  CHECK(arms[0] == ArmRewards{1, 0});
  const std::vector<RewardBatch> two{{0, 0}, {2, 1}};
  AddRewards(arms, two, 0.5);
  CHECK(arms[0].won == doctest::Approx(0.25));
  // 1 and 0.5 on average 0.75, half of it won.
  CHECK(arms[1] == ArmRewards{0.75, 0.75});
}

}  // namespace quern::deploy
