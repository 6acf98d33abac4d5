#include "monitoring/trigger.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/text.h"

namespace quern::monitoring {
namespace {

TriggerCondition JudgeDrift(const TriggerEvidence& evidence) {
  TriggerCondition out{"drift", TriggerState::kNotFired, ""};
  const DatasetDrift& drift = evidence.drift;
  if (drift.drifted) out.state = TriggerState::kFired;
  out.reason =
      fmt::format("{} of {} columns drifted ({:.0f} %, limit {:.0f} %)", drift.drifted_columns,
                  drift.columns, drift.share * 100, drift.limit * 100);
  if (!evidence.drifted_columns.empty()) {
    out.reason += ": " + Join(evidence.drifted_columns, ", ");
  }
  return out;
}

// Standard error that a 95 % interval implies; 0 where there is none (a fixed reference value).
double ErrorOf(const stats::Interval& interval) {
  const double width = interval.high - interval.low;
  return std::isfinite(width) ? width / (2 * 1.959963984540054) : 0;
}

TriggerCondition JudgePerformance(const TriggerSpec& spec, const TriggerEvidence& evidence) {
  TriggerCondition out{"performance", TriggerState::kUndecided, ""};
  if (!evidence.realised.has_value() || std::isnan(evidence.realised->value)) {
    out.reason = evidence.realised.has_value()
                     ? evidence.metric + " does not exist on this batch's labels"
                     : std::string("no labels yet, so performance is not known");
    return out;
  }
  const stats::Interval& now = *evidence.realised;
  const stats::Interval& then = evidence.reference;
  const double sign = evidence.higher_is_better ? 1 : -1;
  const std::string seen =
      fmt::format("{} {:.3f} ({:.3f} to {:.3f})", evidence.metric, now.value, now.low, now.high);
  if (evidence.limit.has_value()) {
    const double best = evidence.higher_is_better ? now.high : now.low;
    if (sign * (best - *evidence.limit) < 0) {
      out.state = TriggerState::kFired;
      out.reason =
          fmt::format("{}: surely beyond the declared limit {:.3g}", seen, *evidence.limit);
      return out;
    }
  }
  if (std::isnan(then.value)) {
    out.reason = seen + ", but the hold-out value to compare with does not exist";
    return out;
  }
  const double loss = sign * (then.value - now.value);
  const double error = std::hypot(ErrorOf(now), ErrorOf(then));
  const double surely = loss - 1.959963984540054 * error;
  const std::string against = fmt::format("{} against {:.3f} on the hold-out", seen, then.value);
  if (!std::isfinite(now.low) || !std::isfinite(now.high)) {
    out.reason = against + ": too few labels for an interval";
  } else if (loss < spec.tolerance) {
    out.state = TriggerState::kNotFired;
    out.reason = fmt::format("{}: no loss of {:.3g} or more", against, spec.tolerance);
  } else if (surely > 0) {
    out.state = TriggerState::kFired;
    out.reason = fmt::format("{}: a loss of {:.3f}, beyond chance", against, loss);
  } else {
    out.reason = fmt::format("{}: a loss of {:.3f} that may be chance", against, loss);
  }
  return out;
}

TriggerCondition JudgeLabels(const TriggerSpec& spec, const TriggerEvidence& evidence) {
  const bool enough = evidence.labels >= spec.min_labels;
  return {"labels", enough ? TriggerState::kFired : TriggerState::kNotFired,
          fmt::format("{} new labels, {} are needed", evidence.labels, spec.min_labels)};
}

TriggerCondition JudgeSchedule(const TriggerSpec& spec, const TriggerEvidence& evidence) {
  if (!evidence.champion_age_seconds.has_value()) {
    return {"schedule", TriggerState::kUndecided, "the champion's age is not known"};
  }
  const bool old = *evidence.champion_age_seconds >= spec.max_age_seconds;
  return {"schedule", old ? TriggerState::kFired : TriggerState::kNotFired,
          fmt::format("the champion is {} old, {} is the limit",
                      FormatDuration(*evidence.champion_age_seconds),
                      FormatDuration(spec.max_age_seconds))};
}

}  // namespace

std::string_view TriggerStateName(TriggerState state) {
  switch (state) {
    case TriggerState::kFired:
      return "fired";
    case TriggerState::kNotFired:
      return "not_fired";
    case TriggerState::kUndecided:
      return "undecided";
  }
  return "";
}

std::vector<std::string> TriggerConditionNames() {
  return {"drift", "performance", "labels", "schedule"};
}

Result<TriggerVerdict> EvaluateTrigger(const TriggerSpec& spec, const TriggerEvidence& evidence) {
  TriggerVerdict verdict;
  for (const std::string& when : spec.when) {
    if (when == "drift") {
      verdict.conditions.push_back(JudgeDrift(evidence));
    } else if (when == "performance") {
      verdict.conditions.push_back(JudgePerformance(spec, evidence));
    } else if (when == "labels") {
      verdict.conditions.push_back(JudgeLabels(spec, evidence));
    } else if (when == "schedule") {
      verdict.conditions.push_back(JudgeSchedule(spec, evidence));
    } else {
      return Fail(Code::kInvalidArgument, "unknown retraining condition '" + when + "'",
                  SuggestName(when, TriggerConditionNames()));
    }
  }
  const auto any = [&](TriggerState state) {
    return std::any_of(verdict.conditions.begin(), verdict.conditions.end(),
                       [&](const TriggerCondition& c) { return c.state == state; });
  };
  verdict.state = any(TriggerState::kFired)       ? TriggerState::kFired
                  : any(TriggerState::kUndecided) ? TriggerState::kUndecided
                                                  : TriggerState::kNotFired;
  return verdict;
}

}  // namespace quern::monitoring
