#pragma once
// Tests that may be looked at after every request, for ever, without inflating their errors.
//
// The test on events: when an event (an error, a late answer) happens, it hit the candidate with
// probability w·r/(w·r + 1-w), where w is the candidate's share of the traffic and r the ratio of
// the two versions' event rates. For the hypothesis r = r0 and a bet r = θ, the product over events
// of
//     q/w0        if the candidate was hit,        w0 = w·r0/(w·r0 + 1-w)
//     (1-q)/(1-w0) if the stable version was hit,  q  = w·θ/(w·θ + 1-w)
// is a non-negative martingale with mean 1 at r0, and its mean over a grid of θ as well. With θ >
// r0 it is a supermartingale for every r <= r0 (the expected factor is linear in the probability of
// a hit), with θ < r0 for every r >= r0. By Ville's inequality P(ever E >= 1/α) <= α under the
// hypothesis. (Turner, Ly, Grünwald 2021; Ramdas et al. 2023, "Game-theoretic statistics".)
//
// Requests without an event say nothing of r, so what is kept are counts of events per weight, and
// sums over threads, processes and phases are sums of logarithms. Everything here is a pure
// function.
#include <array>
#include <cstdint>
#include <span>

#include "stats/interval.h"

namespace quern::deploy {

/// Events of both versions while the candidate's share was `weight` (0 to 1). A weight of 0 or 1
/// compares nothing and adds nothing.
struct EventCounts {
  double weight = 0;
  uint64_t candidate = 0;
  uint64_t stable = 0;
};

/// One hypothesis about the ratio of event rates, candidate to stable, and the evidence against it.
class EProcess {
 public:
  /// H0: ratio <= r0. Bets on r0 times 1.25, 1.5, 2, 3, 5, 10: proof of harm.
  static EProcess Harm(double r0);
  /// H0: ratio >= r1. Bets on r1 divided by 1.25, 1.5, 2: proof that the candidate is not worse by
  /// r1.
  static EProcess NonInferiority(double r1);

  void Add(const EventCounts& events);
  /// Natural logarithm of E.
  double LogE() const;
  /// min(1, 1/E): a p-value that holds at every look.
  double P() const;
  /// E >= 1/level.
  bool Proves(double level) const;

 private:
  EProcess(double r0, std::span<const double> ratios);
  double r0_;
  std::array<double, 6> theta_{};
  std::array<double, 6> log_{};
  size_t grid_ = 0;
};

/// Sequential test that requests were divided as declared: the Bayes factor of a multinomial with
/// Dirichlet prior 100·θ against θ itself, a martingale under the declared shares θ (Lindon & Malek
/// 2022, "Anytime-valid inference for multinomial count data", eq. 7). Natural logarithm; phases
/// with other shares are tested by adding theirs. `shares` sum to 1; what has share 0 must have no
/// count, else +inf.
double LogSplitFactor(std::span<const uint64_t> counts, std::span<const double> shares);

/// Interval of a rate that holds at all times at once: the p that Robbins' mixture
/// B(a+k, b+n-k)/B(a, b)/(p^k (1-p)^(n-k)) < 1/alpha, a = b = 1/2 (Robbins 1970; Howard et al.
/// 2021, "Time-uniform, nonparametric, nonasymptotic confidence sequences", prop. 7). [0, 1] for n
/// = 0.
stats::Interval RateSequence(uint64_t events, uint64_t n, double alpha);

/// Interval of the ratio of rates, candidate to stable, at all times: the r for which the product
/// over phases of mixtures with prior Beta(10w, 10(1-w)) of the share of events that hit the
/// candidate stays below 1/alpha. [0, inf] without events.
stats::Interval RatioSequence(std::span<const EventCounts> phases, double alpha);

/// Sums of a continuous value.
struct Moments {
  uint64_t n = 0;
  double mean = 0;
  double m2 = 0;  // sum of squared deviations from the mean
  void Add(double value);
  void Merge(const Moments& other);
  double Variance() const { return n > 1 ? m2 / static_cast<double>(n - 1) : 0; }
};

/// Asymptotic confidence sequence of a mean: mean ± s·sqrt(2(nρ²+1)/(n²ρ²)·ln(sqrt(nρ²+1)/α)), with
/// ρ that makes it tightest at n = 1000 (Waudby-Smith, Arbour, Sinha, Kennedy, Ramdas 2024, "Time-
/// uniform central limit theory and asymptotic confidence sequences", thm 2.2 and eq. 9). NaN
/// limits for n < 2.
stats::Interval MeanSequence(const Moments& values, double alpha);
/// Of candidate's mean minus stable's: both at alpha/2.
stats::Interval MeanDifferenceSequence(const Moments& candidate, const Moments& stable,
                                       double alpha);

}  // namespace quern::deploy
