#pragma once
// What must hold before an alias of a model moves to a version.
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "design/charter.h"
#include "store/database.h"

namespace quern::registry {

enum class Reviewer {
  kNone,   // nobody needs to approve
  kOther,  // somebody else than the version's author
  kAny,    // somebody, be it the author
};
/// "none", "other", "any".
std::string_view ReviewerText(Reviewer reviewer);

struct AliasPolicy {
  /// Each must hold for the version, by what was measured of it.
  std::vector<design::Goal> key_metrics;
  Reviewer reviewer = Reviewer::kNone;
  /// Names of checks that must have passed.
  std::vector<std::string> checks;
  /// Public keys (PEM), one of which must have signed the package; empty: none needs to.
  std::vector<std::string> signers;

  bool empty() const {
    return key_metrics.empty() && reviewer == Reviewer::kNone && checks.empty() && signers.empty();
  }
};

/// {"key_metrics": ["roc_auc >= 0.85"], "reviewer": "other", "checks": ["bias_audit"]}, and
/// "signers": [PEM] if there are any.
json::value PolicyJson(const AliasPolicy& policy);
/// kInvalidArgument, naming what is wrong.
Result<AliasPolicy> ReadPolicy(const json::value& value);

/// The policy that the store keeps; an empty one if there is none. kDataLoss if it cannot be read.
Result<AliasPolicy> PolicyOf(store::Database& database, const std::string& name,
                             const std::string& alias);

}  // namespace quern::registry
