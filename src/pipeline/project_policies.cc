// `registry:` of a project: what must hold before an alias moves, and whose signatures count.
#include "pipeline/project.h"

namespace quern::pipeline {
namespace {

constexpr char kSignatures[] = "signatures";

Result<registry::AliasPolicy> ParsePolicy(const YamlEntry& entry,
                                          const std::vector<design::Goal>& key_metrics,
                                          const signing::Trust& trust) {
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
  QUERN_ASSIGN(const bool is_signed, map.Bool("signed", false));
  if (is_signed && trust.empty()) {
    return FailAt(map.Get("signed")->where, what + ": no key is trusted to sign",
                  "declare registry.signatures.keys, as in signatures: {keys: [keys/release.pem]}");
  }
  if (is_signed) {
    for (const signing::PublicKey& key : trust.keys()) policy.signers.push_back(key.pem());
  }
  QUERN_TRY(map.Finish());
  if (policy.empty()) {
    return FailAt(
        entry.where, what + " asks for nothing",
        "give it key_metrics: true, reviewer: other, checks: [NAME] or signed: true, or take "
        "it out");
  }
  return policy;
}

}  // namespace

Result<SignatureSpec> ParseSignatures(const YamlNode* registry, const std::string& folder, Fs& fs) {
  SignatureSpec signatures;
  const YamlNode* node = registry != nullptr ? registry->Find(kSignatures) : nullptr;
  if (node == nullptr || node->IsNull()) return signatures;
  YamlMap map(node, "registry.signatures");
  QUERN_ASSIGN(signatures.require, map.Bool("require", false));
  QUERN_ASSIGN(std::vector<std::string> keys, map.TextList("keys"));
  QUERN_TRY(map.Finish());
  if (keys.empty()) {
    return FailAt(node->where, "registry.signatures names no key",
                  "give it keys: [keys/release.pem], files of public keys below the project's "
                  "folder; `quern models keygen` makes a pair");
  }
  for (std::string& key : keys) key = JoinPath(folder, key);
  auto trust = signing::Trust::FromFiles(keys, fs);
  if (!trust) {
    Error error = trust.error();
    error.where = node->where;
    return std::unexpected(std::move(error));
  }
  signatures.trust = std::move(*trust);
  return signatures;
}

Result<PolicySpec> ParsePolicies(const YamlNode* node, const std::vector<design::Goal>& key_metrics,
                                 const signing::Trust& trust) {
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
    if (entry.key == kSignatures) continue;  // ParseSignatures reads them
    QUERN_ASSIGN(policies[entry.key], ParsePolicy(entry, key_metrics, trust));
  }
  return policies;
}

}  // namespace quern::pipeline
