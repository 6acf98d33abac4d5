#include "deploy/judge.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>
#include <cmath>

#include "base/text.h"
#include "deploy/json_parts.h"
#include "deploy/judge_words.h"
#include "deploy/strategy_names.h"

namespace quern::deploy {
namespace {

constexpr double kShownAlpha = 0.05;

Watch WatchOf(const JudgeRules& rules, Metric metric) {
  switch (metric) {
    case Metric::kErrors:
      return rules.errors;
    case Metric::kInvalid:
      return rules.invalid;
    case Metric::kLatency:
      return rules.latency;
    case Metric::kWrong:
      return rules.wrong;
  }
  return Watch::kOff;
}

size_t Watched(const JudgeRules& rules) {
  size_t watched = 0;
  for (size_t i = 0; i < kMetrics; ++i) {
    watched += WatchOf(rules, static_cast<Metric>(i)) != Watch::kOff;
  }
  return std::max<size_t>(watched, 1);
}

MetricVerdict JudgeMetric(const Comparison& c, Metric metric, const ArmCounts& stable,
                          const ArmCounts& candidate, double harm_level) {
  const JudgeRules& rules = c.strategy.judge;
  const size_t at = static_cast<size_t>(metric);
  MetricVerdict out;
  out.metric = metric;
  out.watch = WatchOf(rules, metric);
  out.events_stable = stable.events[at];
  out.events_candidate = candidate.events[at];
  out.n_stable = metric == Metric::kWrong ? stable.labels : stable.units;
  out.n_candidate = metric == Metric::kWrong ? candidate.labels : candidate.units;
  EProcess harm = EProcess::Harm(rules.tolerate);
  EProcess safe = EProcess::NonInferiority(rules.margin);
  const std::vector<EventCounts> events = c.evidence.Events(metric, c.arm);
  for (const EventCounts& phase : events) {
    harm.Add(phase);
    safe.Add(phase);
  }
  out.log_e_harm = harm.LogE();
  out.log_e_safe = safe.LogE();
  out.harm = harm.Proves(harm_level);
  // What is shown holds at 95 percent; what passes for negligible at the level of promotion.
  out.rate_stable = RateSequence(out.events_stable, out.n_stable, kShownAlpha);
  out.rate_candidate = RateSequence(out.events_candidate, out.n_candidate, kShownAlpha);
  out.ratio = RatioSequence(events, kShownAlpha);
  out.negligible =
      RateSequence(out.events_candidate, out.n_candidate, rules.beta).high * 100 < rules.negligible;
  out.safe = safe.Proves(rules.beta) || out.negligible;
  return out;
}

double LogSplit(const Evidence& evidence) {
  double log = 0;
  for (const PhaseCounts& phase : evidence.phases) {
    // One version has it all: nothing was divided.
    if (phase.voided || std::count(phase.shares.begin(), phase.shares.end(), 0.0) + 1 ==
                            static_cast<long>(phase.shares.size())) {
      continue;
    }
    std::vector<uint64_t> units;
    for (const ArmCounts& arm : phase.arms) units.push_back(arm.units);
    log += LogSplitFactor(units, phase.shares);
  }
  return log;
}

bool Waiting(const Comparison& c, const Verdict& verdict) {
  const JudgeRules& rules = c.strategy.judge;
  return c.seconds < rules.at_least ||
         std::min(verdict.n_stable, verdict.n_candidate) < rules.min_requests;
}

}  // namespace

std::string_view CallName(Call call) {
  constexpr std::array<std::string_view, 5> kNames{"continue", "harm", "invalid", "safe",
                                                   "undecided"};
  return kNames[static_cast<size_t>(call)];
}

Verdict Judge(const Comparison& c) {
  const JudgeRules& rules = c.strategy.judge;
  const ArmCounts stable = c.evidence.Of(0);
  const ArmCounts candidate = c.evidence.Of(c.arm);
  Verdict verdict;
  verdict.arm = c.arm;
  verdict.n_stable = stable.units;
  verdict.n_candidate = candidate.units;
  verdict.harm_needs = static_cast<double>(Watched(rules) * c.pairs) / rules.alpha;
  verdict.safe_needs = 1 / rules.beta;
  verdict.log_e_split = LogSplit(c.evidence);
  verdict.latency_ms = MeanDifferenceSequence(candidate.latency_ms, stable.latency_ms, kShownAlpha);
  bool harm = false;
  bool safe = true;
  for (size_t i = 0; i < kMetrics; ++i) {
    const Metric metric = static_cast<Metric>(i);
    if (WatchOf(rules, metric) == Watch::kOff) continue;
    verdict.metrics.push_back(JudgeMetric(c, metric, stable, candidate, 1 / verdict.harm_needs));
    const MetricVerdict& last = verdict.metrics.back();
    harm = harm || last.harm;
    safe = safe && (last.watch != Watch::kRequire || last.safe);
  }
  const double split = c.strategy.guards.sample_ratio;
  if (harm) {
    verdict.call = Call::kHarm;
  } else if (split > 0 && verdict.log_e_split >= -std::log(split)) {
    verdict.call = Call::kInvalid;
  } else if (safe && !Waiting(c, verdict)) {
    verdict.call = Call::kSafe;
  } else if (c.seconds >= c.limit) {
    verdict.call = Call::kUndecided;
  }
  verdict.sentence = SentenceOf(c, verdict);
  return verdict;
}

json::value VerdictJson(const Verdict& verdict) {
  json::array metrics;
  for (const MetricVerdict& m : verdict.metrics) {
    metrics.push_back(
        {{"metric", MetricName(m.metric)},
         {"watch", NameOf(m.watch)},
         {"stable",
          {{"events", m.events_stable}, {"n", m.n_stable}, {"rate", IntervalJson(m.rate_stable)}}},
         {"candidate",
          {{"events", m.events_candidate},
           {"n", m.n_candidate},
           {"rate", IntervalJson(m.rate_candidate)}}},
         {"ratio", IntervalJson(m.ratio)},
         {"harm",
          {{"log_e", m.log_e_harm},
           {"p", std::exp(-std::max(0.0, m.log_e_harm))},
           {"proven", m.harm}}},
         {"safe",
          {{"log_e", m.log_e_safe},
           {"p", std::exp(-std::max(0.0, m.log_e_safe))},
           {"proven", m.safe},
           {"negligible", m.negligible}}}});
  }
  return {{"call", CallName(verdict.call)},
          {"sentence", verdict.sentence},
          {"requests", {{"stable", verdict.n_stable}, {"candidate", verdict.n_candidate}}},
          {"harm_needs_e", verdict.harm_needs},
          {"safe_needs_e", verdict.safe_needs},
          {"split",
           {{"log_e", NumberJson(verdict.log_e_split)},
            {"p", std::exp(-std::max(0.0, verdict.log_e_split))}}},
          {"latency_difference_ms", IntervalJson(verdict.latency_ms)},
          {"metrics", std::move(metrics)}};
}

}  // namespace quern::deploy
