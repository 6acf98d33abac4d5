#include "monitoring/acceptance.h"

#include <fmt/format.h>

#include <cmath>
#include <vector>

#include "base/text.h"

namespace quern::monitoring {

Result<AcceptPolicy> ParseAcceptPolicy(std::string_view text) {
  if (text == "non_inferior") return AcceptPolicy::kNonInferior;
  if (text == "superior") return AcceptPolicy::kSuperior;
  const std::vector<std::string> known = {"non_inferior", "superior"};
  return Fail(Code::kInvalidArgument, "unknown acceptance '" + std::string(text) + "'",
              SuggestName(text, known));
}

stats::Hypothesis HypothesisOf(const AcceptRule& rule) {
  if (rule.policy == AcceptPolicy::kNonInferior) {
    return {stats::Claim::kNonInferior, rule.margin, 0.95};
  }
  return {stats::Claim::kSuperior, 0, 0.95};
}

Acceptance Judge(const AcceptRule& rule, std::string_view metric,
                 const stats::PairedResult& comparison, size_t rows) {
  Acceptance out;
  out.p_value = comparison.p_value;
  if (std::isnan(comparison.difference) || std::isnan(comparison.low)) {
    out.reason =
        fmt::format("kept: the difference in {} cannot be estimated on {} rows", metric, rows);
    return out;
  }
  const std::string seen =
      fmt::format("{} {:+.3f} (95 % interval {:+.3f} to {:+.3f}) on {} rows", metric,
                  comparison.difference, comparison.low, comparison.high, rows);
  if (rows < rule.min_rows) {
    out.reason = fmt::format("kept: {}; fewer than {} rows do not decide", seen, rule.min_rows);
    return out;
  }
  const bool superior = rule.policy == AcceptPolicy::kSuperior;
  const double bound = superior ? 0 : -rule.margin;
  if (!(comparison.low > bound)) {
    out.reason = superior ? fmt::format("kept: {}; the gain is not beyond chance", seen)
                          : fmt::format("kept: {}; a loss of more than {:.3g} cannot be excluded",
                                        seen, rule.margin);
    return out;
  }
  if (comparison.difference < rule.min_gain) {
    out.reason =
        fmt::format("kept: {}; the gain is below the required {:.3g}", seen, rule.min_gain);
    return out;
  }
  out.accepted = true;
  out.reason = superior ? fmt::format("accepted: {}; better beyond chance", seen)
                        : fmt::format("accepted: {}; a loss of more than {:.3g} is excluded", seen,
                                      rule.margin);
  return out;
}

}  // namespace quern::monitoring
