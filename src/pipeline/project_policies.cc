// `registry:` of a project: what must hold before an alias moves.
#include "pipeline/project.h"

namespace quern::pipeline {
namespace {

Result<registry::AliasPolicy> ParsePolicy(const YamlEntry& entry,
                                          const std::vector<design::Goal>& key_metrics) {
  registry::AliasPolicy policy;
  const std::string what = "registry." + entry.key;
  YamlMap map(&entry.value, what);
  QUERN_ASSIGN(const bool metrics, map.Bool("key_metrics", false));
  if (metrics && key_metrics.empty()) {
    return FailAt(map.Get("key_metrics")->where, what + ": the charter has no key metrics",
                  "declare design.key_metrics, as in key_metrics: [roc_auc >= 0.85]");
  }
  if (metrics) policy.key_metrics = key_metrics;
  QUERN_ASSIGN(const std::string reviewer,
               map.Choice("reviewer", "none", {"none", "other", "any"}));
  if (reviewer == "other") policy.reviewer = registry::Reviewer::kOther;
  if (reviewer == "any") policy.reviewer = registry::Reviewer::kAny;
  QUERN_ASSIGN(policy.checks, map.TextList("checks"));
  QUERN_TRY(map.Finish());
  if (policy.empty()) {
    return FailAt(entry.where, what + " asks for nothing",
                  "give it key_metrics: true, reviewer: other or checks: [NAME], or take it out");
  }
  return policy;
}

}  // namespace

Result<PolicySpec> ParsePolicies(const YamlNode* node,
                                 const std::vector<design::Goal>& key_metrics) {
  PolicySpec policies;
  if (node == nullptr || node->IsNull()) return policies;
  if (!node->IsMap()) {
    return FailAt(node->where,
                  "registry is a map of aliases, this is " + std::string(node->KindName()),
                  "as in registry: {champion: {reviewer: other}}");
  }
  for (const YamlEntry& entry : node->entries) {
    if (entry.key == "challenger") {
      return FailAt(entry.where, "registry.challenger: what waits for a gate is the challenger",
                    "ask for it before champion, or another alias");
    }
    QUERN_ASSIGN(policies[entry.key], ParsePolicy(entry, key_metrics));
  }
  return policies;
}

}  // namespace quern::pipeline
