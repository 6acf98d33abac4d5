#include "deploy/e_process.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/check.h"
#include "base/nan.h"
#include "stats/log_gamma.h"

namespace quern::deploy {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr std::array kHarmBets{1.25, 1.5, 2.0, 3.0, 5.0, 10.0};
constexpr std::array kSafeBets{1 / 1.25, 1 / 1.5, 1 / 2.0};
constexpr double kSplitPrior = 100;
constexpr double kRatioPrior = 10;
constexpr double kTightestAt = 1000;

double HitShare(double weight, double ratio) {
  return weight * ratio / (weight * ratio + 1 - weight);
}

double LogBeta(double a, double b) {
  return stats::LogGamma(a) + stats::LogGamma(b) - stats::LogGamma(a + b);
}

/// x·ln(p), 0 for x = 0 whatever p is.
double TimesLog(double x, double p) { return x == 0 ? 0 : x * std::log(p); }

/// Where `value` falls to `limit` between `inside`, where it is below, and `outside`.
template <class Function>
double Crossing(double inside, double outside, double limit, Function value) {
  for (int i = 0; i < 200 && std::abs(outside - inside) > 1e-15 * std::abs(outside + inside); ++i) {
    const double middle = (inside + outside) / 2;
    (value(middle) < limit ? inside : outside) = middle;
  }
  return inside;
}

}  // namespace

EProcess::EProcess(double r0, std::span<const double> ratios) : r0_(r0), grid_(ratios.size()) {
  QUERN_CHECK(r0 > 0, "a ratio of rates is positive");
  for (size_t i = 0; i < grid_; ++i) theta_[i] = r0 * ratios[i];
}

EProcess EProcess::Harm(double r0) { return EProcess(r0, kHarmBets); }

EProcess EProcess::NonInferiority(double r1) { return EProcess(r1, kSafeBets); }

void EProcess::Add(const EventCounts& events) {
  if (!(events.weight > 0 && events.weight < 1)) return;
  const double w0 = HitShare(events.weight, r0_);
  for (size_t i = 0; i < grid_; ++i) {
    const double q = HitShare(events.weight, theta_[i]);
    log_[i] += static_cast<double>(events.candidate) * std::log(q / w0) +
               static_cast<double>(events.stable) * std::log((1 - q) / (1 - w0));
  }
}

double EProcess::LogE() const {
  const double most = *std::max_element(log_.begin(), log_.begin() + static_cast<long>(grid_));
  double sum = 0;
  for (size_t i = 0; i < grid_; ++i) sum += std::exp(log_[i] - most);
  return most + std::log(sum / static_cast<double>(grid_));
}

double EProcess::P() const { return std::exp(-std::max(0.0, LogE())); }

bool EProcess::Proves(double level) const { return LogE() >= -std::log(level); }

double LogSplitFactor(std::span<const uint64_t> counts, std::span<const double> shares) {
  QUERN_CHECK(counts.size() == shares.size(), "a share for each count");
  double n = 0;
  double log = stats::LogGamma(kSplitPrior);
  for (size_t i = 0; i < counts.size(); ++i) {
    const double count = static_cast<double>(counts[i]);
    if (shares[i] <= 0) {
      if (counts[i] > 0) return kInfinity;
      continue;
    }
    const double prior = kSplitPrior * shares[i];
    log += stats::LogGamma(prior + count) - stats::LogGamma(prior) - count * std::log(shares[i]);
    n += count;
  }
  return log - stats::LogGamma(kSplitPrior + n);
}

stats::Interval RateSequence(uint64_t events, uint64_t n, double alpha) {
  if (n == 0) return {kNan, 0, 1};
  const double k = static_cast<double>(events);
  const double rest = static_cast<double>(n - events);
  const double top = LogBeta(0.5 + k, 0.5 + rest) - LogBeta(0.5, 0.5);
  const auto log_m = [&](double p) { return top - TimesLog(k, p) - TimesLog(rest, 1 - p); };
  const double rate = k / static_cast<double>(n);
  const double limit = -std::log(alpha);
  return {rate, events == 0 ? 0 : Crossing(rate, 0, limit, log_m),
          events == n ? 1 : Crossing(rate, 1, limit, log_m)};
}

stats::Interval RatioSequence(std::span<const EventCounts> phases, double alpha) {
  double top = 0;
  double candidate = 0;
  double stable = 0;
  for (const EventCounts& phase : phases) {
    if (!(phase.weight > 0 && phase.weight < 1)) continue;
    const double a = kRatioPrior * phase.weight;
    const double b = kRatioPrior * (1 - phase.weight);
    const double c = static_cast<double>(phase.candidate);
    const double s = static_cast<double>(phase.stable);
    top += LogBeta(a + c, b + s) - LogBeta(a, b);
    candidate += c;
    stable += s;
  }
  if (candidate + stable == 0) return {kNan, 0, kInfinity};
  // Of ln r, where the likelihood is concave.
  const auto log_m = [&](double log_r) {
    double value = top;
    const double r = std::exp(log_r);
    for (const EventCounts& phase : phases) {
      if (!(phase.weight > 0 && phase.weight < 1)) continue;
      const double hit = HitShare(phase.weight, r);
      value -= TimesLog(static_cast<double>(phase.candidate), hit) +
               TimesLog(static_cast<double>(phase.stable), 1 - hit);
    }
    return value;
  };
  constexpr double kFar = 40;  // e^40: beyond any ratio of rates
  double low = -kFar;
  double high = kFar;
  for (int i = 0; i < 200; ++i) {  // ternary search of the least: the best-supported ratio
    const double a = low + (high - low) / 3;
    const double b = high - (high - low) / 3;
    if (log_m(a) < log_m(b)) {
      high = b;
    } else {
      low = a;
    }
  }
  const double best = (low + high) / 2;
  const double limit = -std::log(alpha);
  const double lowest = candidate == 0 ? -kInfinity : Crossing(best, -kFar, limit, log_m);
  const double highest = stable == 0 ? kInfinity : Crossing(best, kFar, limit, log_m);
  const double value = candidate == 0 ? 0 : stable == 0 ? kInfinity : std::exp(best);
  return {value, std::exp(lowest), std::exp(highest)};
}

void Moments::Add(double value) { Merge({1, value, 0}); }

void Moments::Merge(const Moments& other) {
  if (other.n == 0) return;
  const double all = static_cast<double>(n + other.n);
  const double gap = other.mean - mean;
  m2 += other.m2 + gap * gap * static_cast<double>(n) * static_cast<double>(other.n) / all;
  mean += gap * static_cast<double>(other.n) / all;
  n += other.n;
}

stats::Interval MeanSequence(const Moments& values, double alpha) {
  if (values.n < 2) return {values.n == 0 ? kNan : values.mean, kNan, kNan};
  const double n = static_cast<double>(values.n);
  const double log_alpha = -2 * std::log(alpha);
  const double rho2 = (log_alpha + std::log(log_alpha + 1)) / kTightestAt;
  const double half =
      std::sqrt(values.Variance()) *
      std::sqrt(2 * (n * rho2 + 1) / (n * n * rho2) * std::log(std::sqrt(n * rho2 + 1) / alpha));
  return {values.mean, values.mean - half, values.mean + half};
}

stats::Interval MeanDifferenceSequence(const Moments& candidate, const Moments& stable,
                                       double alpha) {
  const stats::Interval c = MeanSequence(candidate, alpha / 2);
  const stats::Interval s = MeanSequence(stable, alpha / 2);
  return {c.value - s.value, c.low - s.high, c.high - s.low};
}

}  // namespace quern::deploy
