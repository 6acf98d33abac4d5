#pragma once
// What people and pipelines say of a version before an alias moves to it: approvals, rejections,
// checks, overrides, and the policy itself. Every one of them is a record of the registry's log.
#include <map>
#include <string>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "base/time.h"
#include "registry/policy.h"
#include "store/database.h"

namespace quern::registry {

enum class Verdict { kApproved, kRejected };

struct Review {
  std::string name;
  int64_t version = 0;
  Verdict verdict = Verdict::kApproved;
  std::string reason;
  std::string actor = {};  // who says so, as declared; "": who the registry acts for
};

struct VersionCheck {
  std::string name;
  int64_t version = 0;
  std::string check;
  bool passed = false;
  std::string reason;      // what was found, and where to read on
  std::string actor = {};  // as of a review
};

/// What an alias asks for from now on; an empty policy takes it away.
struct PolicyChange {
  std::string name;
  std::string alias;
  AliasPolicy policy;
  std::string reason;
  std::string actor = {};  // as of a review
};

/// Thread-safe as the database is; borrows it and the clock. Unknown versions are kNotFound; an
/// empty actor, reason or check is kInvalidArgument.
class Reviews {
 public:
  Reviews(store::Database& database, const Clock& clock, std::string actor)
      : db_(database), clock_(clock), actor_(std::move(actor)) {}

  /// The last word of a person counts. A rejection ends overrides; an alias that points at the
  /// version stays.
  Status Say(const Review& review);
  /// The last outcome counts. The same outcome for the same reason is no change.
  Status Record(const VersionCheck& check);
  /// The version may have the alias whatever its policy says, for a reason.
  Status Override(const std::string& name, const std::string& alias, int64_t version,
                  const std::string& reason);
  /// kNotFound without the model. The same policy again is no change.
  Status SetPolicy(const PolicyChange& change);

  /// Those of all of its aliases: one that is not named has none from now on.
  Status SetPolicies(const std::string& name, const std::map<std::string, AliasPolicy>& policies);

 private:
  std::string Who(const std::string& declared) const;
  Status KeepPolicy(const PolicyChange& change);
  Status CheckSaid(const std::string& who, const std::string& name, int64_t version,
                   const std::string& reason);
  store::Database& db_;
  const Clock& clock_;
  std::string actor_;
};

/// What was said of a version: {reviews: [{reviewer, verdict, reason, at_ms}], checks: [{check,
/// passed, reason, actor, at_ms}], overrides: [{alias, actor, reason, at_ms}]}
Result<json::value> ReviewsOf(store::Database& database, const std::string& name, int64_t version);

/// Aliases of the model that have a policy, by name: [{alias, policy}].
Result<json::value> PoliciesOf(store::Database& database, const std::string& name);
/// Such a list as policies. kDataLoss if it is none.
Result<std::map<std::string, AliasPolicy>> ReadPolicies(const json::value& list);

}  // namespace quern::registry
