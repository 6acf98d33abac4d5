#include "stats/paired.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <string>
#include <vector>

#include "stats/distribution.h"
#include "stats/summary.h"

namespace quern::stats {
namespace {

// The value of the difference at the edge of H0.
double BoundOf(const Hypothesis& hypothesis) {
  switch (hypothesis.claim) {
    case Claim::kDifferent:
      return 0;
    case Claim::kNonInferior:
      return -hypothesis.margin;
    case Claim::kSuperior:
      return hypothesis.margin;
  }
  return 0;
}

// `sf(t)` is the upper tail of the standardised difference, `quantile` that of the two-sided
// interval.
template <class Sf>
PairedResult Standardised(double estimate, double error, double quantile, Sf&& sf,
                          const Hypothesis& hypothesis) {
  PairedResult result;
  result.difference = estimate;
  result.low = estimate - quantile * error;
  result.high = estimate + quantile * error;
  const double gap = estimate - BoundOf(hypothesis);
  const bool two_sided = hypothesis.claim == Claim::kDifferent;
  if (std::isnan(error)) {
    result.p_value = std::numeric_limits<double>::quiet_NaN();
  } else if (error == 0) {
    // Nothing varies: the claim is plainly true or plainly not.
    result.p_value = (two_sided ? gap != 0 : gap > 0) ? 0 : 1;
  } else {
    const double t = gap / error;
    result.p_value = two_sided ? std::min(1.0, 2 * sf(std::abs(t))) : sf(t);
  }
  return result;
}

Status SameRows(size_t a, size_t b) {
  if (a == b && a > 0) return {};
  return Fail(Code::kInvalidArgument, "a paired test needs the same rows of both models, got " +
                                          std::to_string(a) + " and " + std::to_string(b));
}

}  // namespace

PairedResult NormalMarginTest(double difference, double standard_error,
                              const Hypothesis& hypothesis) {
  const double z = NormalQuantile(1 - (1 - hypothesis.level) / 2);
  PairedResult result = Standardised(difference, standard_error, z, NormalSf, hypothesis);
  result.test = "normal";
  return result;
}

Result<PairedResult> McNemar(std::span<const uint8_t> hits_a, std::span<const uint8_t> hits_b,
                             const Hypothesis& hypothesis) {
  QUERN_TRY(SameRows(hits_a.size(), hits_b.size()));
  double b = 0;  // only a is right
  double c = 0;  // only b is right
  for (size_t i = 0; i < hits_a.size(); ++i) {
    b += hits_a[i] && !hits_b[i];
    c += !hits_a[i] && hits_b[i];
  }
  const double n = static_cast<double>(hits_a.size());
  // Half an observation in each of the four cells keeps the interval honest when b and c are small.
  const double shifted = (b - c) / (n + 2);
  const double variance = (b + c + 1 - (b - c) * (b - c) / (n + 2)) / ((n + 2) * (n + 2));
  PairedResult result = NormalMarginTest(shifted, std::sqrt(variance), hypothesis);
  result.difference = (b - c) / n;
  result.test = "mcnemar";
  if (hypothesis.claim == Claim::kDifferent) {
    result.p_value = b + c == 0 ? 1 : std::min(1.0, 2 * BinomialCdf(std::min(b, c), b + c, 0.5));
  }
  return result;
}

Result<PairedResult> PairedBootstrap(size_t n, size_t resamples, const Rng& rng,
                                     const RowStatistic& statistic_a,
                                     const RowStatistic& statistic_b, const Hypothesis& hypothesis,
                                     std::span<const uint32_t> strata) {
  const auto difference = [&](std::span<const uint32_t> rows) {
    return statistic_a(rows) - statistic_b(rows);
  };
  std::vector<uint32_t> all(n);
  std::iota(all.begin(), all.end(), 0U);
  PairedResult result;
  result.test = "paired_bootstrap";
  result.difference = n == 0 ? std::numeric_limits<double>::quiet_NaN() : difference(all);
  if (!std::isfinite(result.difference)) {
    return Fail(
        Code::kFailedPrecondition,
        "the difference of the two models does not exist on these " + std::to_string(n) + " rows",
        "a metric that needs both classes needs rows of both");
  }
  const std::vector<double> values =
      Sorted(Finite(BootstrapValues(n, resamples, rng, difference, strata)));
  if (values.empty() || values.size() * 2 < resamples) {
    return Fail(Code::kFailedPrecondition, "only " + std::to_string(values.size()) + " of " +
                                               std::to_string(resamples) + " resamples of " +
                                               std::to_string(n) + " rows have a difference");
  }
  const double tail = (1 - hypothesis.level) / 2;
  result.low = SortedQuantile(values, tail);
  result.high = SortedQuantile(values, 1 - tail);
  const double bound = BoundOf(hypothesis);
  const double total = static_cast<double>(values.size());
  const auto at_most = std::upper_bound(values.begin(), values.end(), bound) - values.begin();
  const auto below = std::lower_bound(values.begin(), values.end(), bound) - values.begin();
  const double p_up = (1 + static_cast<double>(at_most)) / (1 + total);
  const double p_down = (1 + total - static_cast<double>(below)) / (1 + total);
  result.p_value =
      hypothesis.claim == Claim::kDifferent ? std::min(1.0, 2 * std::min(p_up, p_down)) : p_up;
  return result;
}

Result<PairedResult> CorrectedResampledT(std::span<const double> differences,
                                         double test_train_ratio, const Hypothesis& hypothesis) {
  if (differences.size() < 2 || Finite(differences).size() != differences.size()) {
    return Fail(Code::kInvalidArgument,
                "the resampled t test needs two or more finite fold differences, got " +
                    std::to_string(Finite(differences).size()) + " of " +
                    std::to_string(differences.size()));
  }
  const double k = static_cast<double>(differences.size());
  const double error = std::sqrt(Variance(differences) * (1 / k + test_train_ratio));
  const double quantile = StudentTQuantile(1 - (1 - hypothesis.level) / 2, k - 1);
  PairedResult result = Standardised(
      Mean(differences), error, quantile, [&](double t) { return StudentTCdf(-t, k - 1); },
      hypothesis);
  result.test = "corrected_resampled_t";
  return result;
}

}  // namespace quern::stats
