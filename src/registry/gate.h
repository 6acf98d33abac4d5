#pragma once
// The gate before an alias: whether a version may have it, and what is missing. Every way to move
// an alias asks here.
#include <string>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "design/gate.h"
#include "registry/policy.h"
#include "store/database.h"

namespace quern::registry {

/// One thing that the policy asks for, or that stands against the version.
struct GateItem {
  std::string kind;  // "key_metric", "reviewer", "check", "signature", "rejection"
  std::string id;    // the metric, the check, the reviewer, the key; "" for what is missing
  design::GateStatus status = design::GateStatus::kPending;
  std::string sentence;
  std::string remedy;  // "" where it passes
};

struct GateReport {
  std::string name;
  int64_t version = 0;
  std::string alias;
  bool declared = false;  // there is a policy for the alias
  bool open = true;
  /// Why it is open although an item does not pass: an override, or that the version has had the
  /// alias before, so that going back never waits.
  std::string exemption;
  std::vector<GateItem> items;

  /// Sentences of what does not pass.
  std::vector<std::string> Missing() const;
  /// Who must do what.
  std::string Remedies() const;
};

/// Judges the version by the policy that the store keeps for the alias. kNotFound without such a
/// version.
Result<GateReport> JudgeGate(store::Database& database, const std::string& name,
                             const std::string& alias, int64_t version);
/// kFailedPrecondition, naming what is missing and how to get it.
Status Allowed(const GateReport& report);
/// Both, for who moves an alias within a transaction.
Status CheckGate(store::Database& database, const std::string& name, const std::string& alias,
                 int64_t version);

/// {name, version, alias, declared, open, exemption, items: [{kind, id, status, sentence, remedy}]}
json::value GateReportJson(const GateReport& report);
/// What GateReportJson wrote.
Result<GateReport> ReadGateReport(const json::value& value);

}  // namespace quern::registry
