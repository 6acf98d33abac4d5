#include "deploy/bandit.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "base/check.h"
#include "stats/distribution.h"
#include "stats/log_gamma.h"

namespace quern::deploy {
namespace {

struct Posterior {
  double a;
  double b;
  double mean;
  double deviation;
  double log_beta;

  explicit Posterior(const ArmRewards& arm)
      : a(1 + arm.won),
        b(1 + arm.lost),
        mean(a / (a + b)),
        deviation(std::sqrt(mean * (1 - mean) / (a + b + 1))),
        log_beta(stats::LogGamma(a) + stats::LogGamma(b) - stats::LogGamma(a + b)) {}

  double Density(double x) const {
    const double left = a == 1 ? 0 : (a - 1) * std::log(x);
    const double right = b == 1 ? 0 : (b - 1) * std::log1p(-x);
    return std::exp(left + right - log_beta);
  }
};

/// Where the integrand changes: a net around each posterior's mass, fine near its mean.
std::vector<double> Breaks(const std::vector<Posterior>& posteriors) {
  std::vector<double> breaks{0, 1};
  for (const Posterior& p : posteriors) {
    for (const double far : {0.0, 0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 5.0, 6.0, 8.0, 12.0, 18.0, 30.0}) {
      for (const double x : {p.mean - far * p.deviation, p.mean + far * p.deviation}) {
        if (x > 0 && x < 1) breaks.push_back(x);
      }
    }
  }
  std::sort(breaks.begin(), breaks.end());
  breaks.erase(std::unique(breaks.begin(), breaks.end()), breaks.end());
  return breaks;
}

// Nodes and weights of the seven-point Gauss-Legendre rule on [-1, 1].
constexpr std::array<double, 7> kNodes{
    -0.9491079123427585, -0.7415311855993945, -0.4058451513773972, 0.0,
    0.4058451513773972,  0.7415311855993945,  0.9491079123427585};
constexpr std::array<double, 7> kWeights{0.1294849661688697, 0.2797053914892766, 0.3818300505051189,
                                         0.4179591836734694, 0.3818300505051189, 0.2797053914892766,
                                         0.1294849661688697};

/// No share below the floor; what is above it is divided as `wanted`.
std::vector<double> WithFloor(std::vector<double> wanted, double floor) {
  const double free = 1 - floor * static_cast<double>(wanted.size());
  for (double& share : wanted) share = floor + free * share;
  return wanted;
}

std::vector<double> Greedy(std::span<const ArmRewards> arms, double epsilon) {
  std::vector<double> means;
  for (const ArmRewards& arm : arms) means.push_back(Posterior(arm).mean);
  const double most = *std::max_element(means.begin(), means.end());
  const double best = static_cast<double>(std::count(means.begin(), means.end(), most));
  std::vector<double> shares;
  for (const double mean : means) {
    shares.push_back(epsilon / static_cast<double>(arms.size()) +
                     (mean == most ? (1 - epsilon) / best : 0));
  }
  return shares;
}

}  // namespace

void AddRewards(std::span<ArmRewards> arms, std::span<const RewardBatch> batches, double discount) {
  QUERN_CHECK(arms.size() == batches.size(), "a batch for each version");
  double n = 0;
  for (const RewardBatch& batch : batches) n += static_cast<double>(batch.n);
  if (n == 0) return;
  const double kept = std::pow(discount, n);
  const double each = discount < 1 ? (1 - kept) / (n * (1 - discount)) : 1;
  for (size_t i = 0; i < arms.size(); ++i) {
    const double lost = static_cast<double>(batches[i].n) - batches[i].sum;
    arms[i].won = arms[i].won * kept + each * batches[i].sum;
    arms[i].lost = arms[i].lost * kept + each * lost;
  }
}

std::vector<double> ProbabilityBest(std::span<const ArmRewards> arms) {
  std::vector<Posterior> posteriors;
  for (const ArmRewards& arm : arms) posteriors.emplace_back(arm);
  std::vector<double> best(arms.size(), 0);
  const std::vector<double> breaks = Breaks(posteriors);
  std::vector<double> below(arms.size());
  for (size_t at = 0; at + 1 < breaks.size(); ++at) {
    const double middle = (breaks[at] + breaks[at + 1]) / 2;
    const double half = (breaks[at + 1] - breaks[at]) / 2;
    for (size_t node = 0; node < kNodes.size(); ++node) {
      const double x = middle + half * kNodes[node];
      for (size_t i = 0; i < arms.size(); ++i) {
        below[i] = stats::BetaCdf(x, posteriors[i].a, posteriors[i].b);
      }
      for (size_t i = 0; i < arms.size(); ++i) {
        double value = half * kWeights[node] * posteriors[i].Density(x);
        for (size_t j = 0; j < arms.size(); ++j) value *= j == i ? 1 : below[j];
        best[i] += value;
      }
    }
  }
  double sum = 0;
  for (const double p : best) sum += p;
  for (double& p : best) p /= sum;
  return best;
}

std::vector<double> BanditShares(std::span<const ArmRewards> arms, const BanditRules& rules) {
  const double floor = rules.floor / 100;
  if (rules.method == BanditMethod::kEpsilonGreedy) {
    return WithFloor(Greedy(arms, rules.epsilon / 100), floor);
  }
  return WithFloor(ProbabilityBest(arms), floor);
}

}  // namespace quern::deploy
