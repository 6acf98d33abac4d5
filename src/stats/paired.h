#pragma once
// Tests that compare two models on the same rows or the same folds. "a" is the challenger, "b" the
// one it is compared with; difference = a - b, and more is better: negate a loss before calling.
#include <cstdint>
#include <span>
#include <string_view>

#include "base/random.h"
#include "base/result.h"
#include "stats/interval.h"

namespace quern::stats {

/// What the p-value speaks about. One-sided p-values <= (1 - level) / 2 correspond to the
/// interval's lower limit lying above the bound.
enum class Claim {
  kDifferent,    // H0: difference == 0, two-sided; margin is not used
  kNonInferior,  // H0: difference <= -margin
  kSuperior,     // H0: difference <= +margin
};

struct Hypothesis {
  Claim claim = Claim::kDifferent;
  double margin = 0;
  double level = 0.95;
};

struct PairedResult {
  double difference = 0;
  double low = 0;  // two-sided interval at Hypothesis::level, whatever the claim
  double high = 0;
  double p_value = 1;
  std::string_view test;  // "delong", "mcnemar", "paired_bootstrap", "corrected_resampled_t"
};

struct AucEstimate {
  double auc = 0;
  double variance = 0;
};

/// ROC AUC (ties count one half) and its DeLong variance, O(n log n) (Sun & Xu 2014). `positive`
/// holds 0 or 1 per row. kInvalidArgument: lengths differ, or one class is absent. The variance is
/// NaN when a class has fewer than two rows.
Result<AucEstimate> DeLong(std::span<const double> scores, std::span<const uint8_t> positive);
/// Two correlated AUCs on the same rows (DeLong, DeLong & Clarke-Pearson 1988). Equal scores give p
/// = 1 for kDifferent.
Result<PairedResult> DeLongPaired(std::span<const double> scores_a,
                                  std::span<const double> scores_b,
                                  std::span<const uint8_t> positive,
                                  const Hypothesis& hypothesis = {});

/// Two classifiers' hits (1 = right) on the same rows: difference of accuracies. p of kDifferent is
/// McNemar's exact binomial one; margins use the normal statistic with variance
/// (b + c - (b-c)^2/n)/n^2 of the difference, as does the interval (add-half to b and c, Agresti &
/// Min).
Result<PairedResult> McNemar(std::span<const uint8_t> hits_a, std::span<const uint8_t> hits_b,
                             const Hypothesis& hypothesis = {});

/// Any metric: bootstrap of statistic_a(rows) - statistic_b(rows) over the same resamples;
/// percentile interval, p = (1 + resamples on the wrong side) / (1 + resamples), doubled (at most
/// 1) for kDifferent. kFailedPrecondition when the difference does not exist or more than half of
/// the resamples are NaN.
Result<PairedResult> PairedBootstrap(size_t n, size_t resamples, const Rng& rng,
                                     const RowStatistic& statistic_a,
                                     const RowStatistic& statistic_b,
                                     const Hypothesis& hypothesis = {},
                                     std::span<const uint32_t> strata = {});

/// Per-fold differences a - b of (repeated) cross-validation: t test with the variance multiplied
/// by (1/k + test_share/train_share) because training sets overlap (Nadeau & Bengio 2003). For 5
/// folds `test_train_ratio` is 1/4. kInvalidArgument: fewer than two differences or a NaN among
/// them.
Result<PairedResult> CorrectedResampledT(std::span<const double> differences,
                                         double test_train_ratio,
                                         const Hypothesis& hypothesis = {});

/// The verdict for any difference with a normal standard error.
PairedResult NormalMarginTest(double difference, double standard_error,
                              const Hypothesis& hypothesis);

}  // namespace quern::stats
