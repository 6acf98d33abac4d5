#include <algorithm>

#include "base/text.h"
#include "base/time.h"
#include "pipeline/project.h"

namespace quern::pipeline {
namespace {

Result<monitoring::DriftOptions> ParseDrift(const YamlNode* node) {
  monitoring::DriftOptions drift;
  YamlMap map(node, "monitoring.drift");
  QUERN_ASSIGN(drift.numeric, map.Text("numeric", drift.numeric));
  QUERN_ASSIGN(drift.categorical, map.Text("categorical", drift.categorical));
  QUERN_ASSIGN(drift.drift_share, map.Number("share", drift.drift_share));
  QUERN_ASSIGN(drift.alpha, map.Number("alpha", drift.alpha));
  QUERN_ASSIGN(drift.correction, map.Text("correction", drift.correction));
  QUERN_ASSIGN(drift.missing_change, map.Number("missing_change", drift.missing_change));
  if (const YamlNode* thresholds = map.Get("thresholds")) {
    for (const YamlEntry& entry : thresholds->entries) {
      QUERN_ASSIGN(drift.thresholds[entry.key], entry.value.AsNumber());
    }
  }
  QUERN_TRY(map.Finish());
  if (auto checked = monitoring::CheckDriftOptions(drift); !checked) {
    return FailAt(map.where(), checked.error().message, checked.error().hint);
  }
  return drift;
}

}  // namespace

Result<MonitoringSpec> ParseMonitoring(const YamlNode* node) {
  MonitoringSpec spec;
  YamlMap map(node, "monitoring");
  QUERN_ASSIGN(spec.stream, map.TextList("stream"));
  QUERN_ASSIGN(spec.drift, ParseDrift(map.Get("drift")));
  QUERN_TRY(map.Finish());
  return spec;
}

Result<RetrainingSpec> ParseRetraining(const YamlNode* node) {
  RetrainingSpec spec;
  spec.declared = node != nullptr && !node->IsNull();
  YamlMap map(node, "retraining");
  QUERN_ASSIGN(spec.trigger.when, map.TextList("when"));
  const std::vector<std::string> known = monitoring::TriggerConditionNames();
  for (const std::string& when : spec.trigger.when) {
    if (std::find(known.begin(), known.end(), when) == known.end()) {
      return FailAt(map.Get("when")->where, "unknown trigger '" + when + "'",
                    SuggestName(when, known));
    }
  }
  if (spec.declared && spec.trigger.when.empty()) {
    return FailAt(map.where(), "retraining needs when: what calls for it",
                  "as in when: [drift, performance]");
  }
  QUERN_ASSIGN(spec.trigger.tolerance, map.Number("tolerance", spec.trigger.tolerance));
  QUERN_ASSIGN(const int64_t labels, map.Int("min_labels", 100));
  spec.trigger.min_labels = static_cast<size_t>(std::max<int64_t>(0, labels));
  if (const YamlNode* age = map.Get("max_age")) {
    QUERN_ASSIGN(const std::string text, age->AsText());
    auto seconds = ParseDuration(text);
    if (!seconds) return FailAt(age->where, seconds.error().message, seconds.error().hint);
    spec.trigger.max_age_seconds = *seconds;
  }
  QUERN_ASSIGN(spec.data, map.TextList("data"));
  if (spec.data.empty()) spec.data = {"combined", "new_only"};
  const std::vector<std::string> choices{"combined", "new_only"};
  for (const std::string& data : spec.data) {
    if (std::find(choices.begin(), choices.end(), data) == choices.end()) {
      return FailAt(map.Get("data")->where, "unknown retraining data '" + data + "'",
                    SuggestName(data, choices));
    }
  }
  QUERN_ASSIGN(const std::string accept,
               map.Choice("accept", "non_inferior", {"non_inferior", "superior"}));
  QUERN_ASSIGN(spec.accept.policy, monitoring::ParseAcceptPolicy(accept));
  QUERN_ASSIGN(spec.accept.margin, map.Number("margin", spec.accept.margin));
  QUERN_ASSIGN(spec.accept.min_gain, map.Number("min_gain", spec.accept.min_gain));
  QUERN_ASSIGN(const int64_t rows, map.Int("min_rows", static_cast<int64_t>(spec.accept.min_rows)));
  spec.accept.min_rows = static_cast<size_t>(std::max<int64_t>(2, rows));
  QUERN_ASSIGN(spec.holdout, map.Number("holdout", spec.holdout));
  if (!(spec.holdout > 0 && spec.holdout < 1)) {
    return FailAt(map.where(), "retraining.holdout must be between 0 and 1, got " +
                                   ShortestDouble(spec.holdout));
  }
  QUERN_ASSIGN(spec.tune, map.Bool("tune", false));
  QUERN_TRY(map.Finish());
  return spec;
}

Result<TrackingSpec> ParseTracking(const YamlNode* node) {
  TrackingSpec spec;
  YamlMap map(node, "tracking");
  if (const YamlNode* server = map.Get("server")) {
    QUERN_ASSIGN(const std::string text, server->AsText());
    auto url = net::ParseServerUrl(text);
    if (!url)
      return FailAt(server->where, "tracking.server: " + url.error().message, url.error().hint);
    spec.server = std::move(*url);
    spec.where = server->where;
  }
  QUERN_ASSIGN(spec.git_diff, map.Bool("git_diff", true));
  QUERN_TRY(map.Finish());
  return spec;
}

}  // namespace quern::pipeline
