#pragma once
// Whether a challenger may replace the champion, from a paired comparison on rows neither was
// trained on.
#include <string>
#include <string_view>

#include "base/result.h"
#include "stats/paired.h"

namespace quern::monitoring {

enum class AcceptPolicy { kNonInferior, kSuperior };
/// "non_inferior" or "superior"; anything else is kInvalidArgument with a suggestion.
Result<AcceptPolicy> ParseAcceptPolicy(std::string_view text);

struct AcceptRule {
  AcceptPolicy policy = AcceptPolicy::kNonInferior;
  /// kNonInferior: the loss that is tolerated (the interval must lie above -margin).
  double margin = 0.02;
  /// The observed difference must reach this as well.
  double min_gain = 0;
  /// No decision for the challenger on fewer rows.
  size_t min_rows = 30;
};

struct Acceptance {
  bool accepted = false;
  double p_value = 1;  // of the rule's claim
  std::string reason;
};

/// The claim to hand to stats' paired tests so that the p-value and the interval speak about the
/// rule.
stats::Hypothesis HypothesisOf(const AcceptRule& rule);

/// `comparison` is challenger - champion with "more is better", made with HypothesisOf(rule).
Acceptance Judge(const AcceptRule& rule, std::string_view metric,
                 const stats::PairedResult& comparison, size_t rows);

}  // namespace quern::monitoring
