#include <algorithm>

#include "base/text.h"
#include "base/time.h"
#include "pipeline/project.h"

namespace quern::pipeline {
namespace {

constexpr const char* kTargets = "targets";
constexpr const char* kLog = "log";
constexpr const char* kExplanations = "explanations";

Status CheckTargets(YamlMap& map) {
  QUERN_ASSIGN(const auto targets, map.TextList(kTargets));
  for (const std::string& target : targets) {
    if (target != "local") {
      return FailAt(map.Get(kTargets)->where, "unknown deployment target '" + target + "'",
                    "known: local");
    }
  }
  return {};
}

/// A run plays the traffic itself: rows without callers, and nobody there to give an order.
Status CheckRunnable(const YamlNode* node, const deploy::Strategy& strategy) {
  using deploy::StrategyKind;
  if (strategy.key.sticky()) {
    return FailAt(node->Find("key")->where,
                  "a run's traffic has no callers that a key could tell apart",
                  "leave key: out here; `quern deploy begin --strategy FILE` takes it");
  }
  if (strategy.kind == StrategyKind::kBasic || strategy.kind == StrategyKind::kCanary ||
      strategy.kind == StrategyKind::kBlueGreen) {
    return {};
  }
  const std::string kind(deploy::KindName(strategy.kind));
  return FailAt(node->Find("strategy")->where,
                "a run cannot deploy by " + kind + ", which ends by an order",
                "declare basic, canary or blue_green here, and begin the " + kind +
                    " with `quern deploy begin --strategy FILE` where the traffic is");
}

}  // namespace

Result<DeploymentSpec> ParseDeployment(const YamlNode* node) {
  DeploymentSpec spec;
  YamlMap map(node, "deployment");
  QUERN_TRY(CheckTargets(map));
  QUERN_TRY(ParsePredictionLog(map.Get(kLog)));
  QUERN_ASSIGN(spec.explanations, map.Bool(kExplanations, spec.explanations));
  const std::vector<std::string> others{kTargets, kLog, kExplanations};
  QUERN_ASSIGN(spec.rollout, deploy::ParseStrategy(node, others));
  QUERN_TRY(CheckRunnable(node, spec.rollout));
  return spec;
}

Result<PredictionLogSpec> ParsePredictionLog(const YamlNode* node) {
  PredictionLogSpec spec;
  YamlMap map(node, "deployment.log");
  QUERN_ASSIGN(spec.share, map.Number("share", spec.share));
  if (!(spec.share >= 0 && spec.share <= 1)) {
    return FailAt(map.Get("share")->where,
                  "share is " + ShortestDouble(spec.share) + ", not between 0 and 1",
                  "0.1 keeps a tenth of the requests, 0 none");
  }
  QUERN_ASSIGN(spec.columns, map.TextList("columns"));
  QUERN_ASSIGN(spec.hashed, map.TextList("hash"));
  for (const char* key : {"columns", "hash"}) {
    const auto& names = key == std::string_view("hash") ? spec.hashed : spec.columns;
    if (std::find(names.begin(), names.end(), "") != names.end()) {
      return FailAt(map.Get(key)->where, std::string(key) + " names a column ''");
    }
  }
  if (const YamlNode* retention = map.Get("retention")) {
    QUERN_ASSIGN(const std::string text, retention->AsText());
    auto seconds = ParseDuration(text);
    if (!seconds) return FailAt(retention->where, seconds.error().message, seconds.error().hint);
    if (*seconds <= 0) {
      return FailAt(retention->where, "retention is '" + text + "'", "as in retention: 90d");
    }
    spec.retention_seconds = *seconds;
  }
  QUERN_TRY(map.Finish());
  return spec;
}

}  // namespace quern::pipeline
