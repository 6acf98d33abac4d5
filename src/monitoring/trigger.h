#pragma once
// Whether a batch calls for retraining: declared conditions, each with its state and a sentence.
// Every evaluation is worth recording, "not fired" too.
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "monitoring/drift.h"
#include "stats/interval.h"

namespace quern::monitoring {

enum class TriggerState { kFired, kNotFired, kUndecided };
/// "fired", "not_fired", "undecided".
std::string_view TriggerStateName(TriggerState state);

struct TriggerSpec {
  /// Of "drift", "performance", "labels", "schedule"; any one that fires, fires the trigger.
  std::vector<std::string> when;
  /// performance: least loss of the metric, against the hold-out, that counts.
  double tolerance = 0.02;
  /// labels: fires with this many new labels.
  size_t min_labels = 100;
  /// schedule: fires when the champion is this old.
  double max_age_seconds = 30 * 86400.0;
};

/// What is known about the batch.
struct TriggerEvidence {
  DatasetDrift drift;
  std::vector<std::string> drifted_columns;
  std::string metric;
  bool higher_is_better = true;
  stats::Interval reference;                   // the champion on its hold-out
  std::optional<stats::Interval> realised;     // nothing: no labels
  std::optional<double> limit;                 // the key metric's declared bound, if there is one
  size_t labels = 0;                           // joined in this batch
  std::optional<double> champion_age_seconds;  // nothing: not known
};

struct TriggerCondition {
  std::string when;
  TriggerState state = TriggerState::kNotFired;
  std::string reason;
};

struct TriggerVerdict {
  TriggerState state = TriggerState::kNotFired;
  std::vector<TriggerCondition> conditions;
};

/// fired if any condition fired; else undecided if any is; else not fired. kInvalidArgument:
/// unknown condition name, with a suggestion.
Result<TriggerVerdict> EvaluateTrigger(const TriggerSpec& spec, const TriggerEvidence& evidence);
/// Names that TriggerSpec::when may hold.
std::vector<std::string> TriggerConditionNames();

}  // namespace quern::monitoring
