#include "deploy/judge_words.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/text.h"

namespace quern::deploy {
namespace {

/// Two significant digits of a percentage: "0.62", "6.7", "13".
std::string Percent(double share) {
  const double percent = share * 100;
  if (percent == 0) return "0";
  return percent >= 10 ? fmt::format("{:.0f}", percent) : fmt::format("{:.2g}", percent);
}

std::string E(double log_e) {
  const double e = std::exp(std::min(log_e, 40.0));
  if (log_e > 40) return "over 1e17";
  return e >= 100 ? fmt::format("{:.0f}", e) : fmt::format("{:.2g}", e);
}

std::string Counted(uint64_t events, uint64_t n, const stats::Interval& rate) {
  if (n == 0) return "none seen";
  return fmt::format("{} of {} ({} %, {} to {} %)", events, n, Percent(rate.value),
                     Percent(rate.low), Percent(rate.high));
}

std::string RatioText(const stats::Interval& ratio) {
  if (!std::isfinite(ratio.high)) return fmt::format("at least {:.2g}", ratio.low);
  return fmt::format("{:.2g} ({:.2g} to {:.2g})", ratio.value, ratio.low, ratio.high);
}

const MetricVerdict& WorstOf(const Verdict& verdict) {
  return *std::max_element(
      verdict.metrics.begin(), verdict.metrics.end(),
      [](const MetricVerdict& a, const MetricVerdict& b) { return a.log_e_harm < b.log_e_harm; });
}

std::string Harm(const Comparison& c, const Verdict& verdict) {
  const MetricVerdict& worst = WorstOf(verdict);
  return fmt::format(
      "harm proven: {} of version {} are more frequent than of version {}: {} against {}; E = {}, "
      "needed {:.0f}, p = {:.2g}",
      MetricName(worst.metric), c.candidate, c.stable,
      Counted(worst.events_candidate, worst.n_candidate, worst.rate_candidate),
      Counted(worst.events_stable, worst.n_stable, worst.rate_stable), E(worst.log_e_harm),
      verdict.harm_needs, std::exp(-worst.log_e_harm));
}

std::string Safe(const Comparison& c, const Verdict& verdict) {
  std::string text = fmt::format(
      "proven not worse: version {} against version {} after {} and {} "
      "requests",
      c.candidate, c.stable, verdict.n_candidate, verdict.n_stable);
  bool any = false;
  for (const MetricVerdict& m : verdict.metrics) {
    if (m.watch != Watch::kRequire) continue;
    any = true;
    text += fmt::format("; {}: ", MetricName(m.metric));
    if (m.negligible) {
      text += fmt::format("{}, proven below {} %",
                          Counted(m.events_candidate, m.n_candidate, m.rate_candidate),
                          ShortestDouble(c.strategy.judge.negligible));
    } else {
      text +=
          fmt::format("ratio {}, proven below {}: E = {}, needed {:.0f}", RatioText(m.ratio),
                      ShortestDouble(c.strategy.judge.margin), E(m.log_e_safe), verdict.safe_needs);
    }
  }
  return any ? text : text + "; no metric is required";
}

std::string Invalid(const Comparison& c, const Verdict& verdict) {
  uint64_t stable = 0;
  uint64_t candidate = 0;
  double expected = 0;
  for (const PhaseCounts& phase : c.evidence.phases) {
    if (phase.voided) continue;
    const uint64_t both = phase.arms[0].units + phase.arms[c.arm].units;
    stable += phase.arms[0].units;
    candidate += phase.arms[c.arm].units;
    const double shares = phase.shares[0] + phase.shares[c.arm];
    if (shares > 0) expected += static_cast<double>(both) * phase.shares[c.arm] / shares;
  }
  return fmt::format(
      "the comparison is not valid: version {} has {} of {} answers where the declared split gives "
      "{:.0f}; E = {}, needed {:.0f}",
      c.candidate, candidate, stable + candidate, expected, E(verdict.log_e_split),
      1 / c.strategy.guards.sample_ratio);
}

/// What is still missing, metric by metric.
std::string Open(const Comparison& c, const Verdict& verdict) {
  std::string text = fmt::format("version {} against version {} after {} and {} requests",
                                 c.candidate, c.stable, verdict.n_candidate, verdict.n_stable);
  for (const MetricVerdict& m : verdict.metrics) {
    text += fmt::format("; {}: {} against {}", MetricName(m.metric),
                        Counted(m.events_candidate, m.n_candidate, m.rate_candidate),
                        Counted(m.events_stable, m.n_stable, m.rate_stable));
    if (m.watch == Watch::kRequire) {
      text += m.safe ? ", not worse"
                     : fmt::format(", E = {} of {:.0f} that it is not worse", E(m.log_e_safe),
                                   verdict.safe_needs);
    }
  }
  return text;
}

}  // namespace

std::string SentenceOf(const Comparison& comparison, const Verdict& verdict) {
  switch (verdict.call) {
    case Call::kHarm:
      return Harm(comparison, verdict);
    case Call::kInvalid:
      return Invalid(comparison, verdict);
    case Call::kSafe:
      return Safe(comparison, verdict);
    case Call::kUndecided:
      return fmt::format("undecided after {}: ", FormatDuration(comparison.seconds)) +
             Open(comparison, verdict);
    case Call::kContinue:
      return "undecided so far: " + Open(comparison, verdict);
  }
  return "";
}

}  // namespace quern::deploy
