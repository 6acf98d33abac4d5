#include "registry/policy.h"

#include <boost/json.hpp>

#include "base/text.h"
#include "signing/trust.h"

namespace quern::registry {
namespace {

Result<std::vector<std::string>> ReadTexts(const json::value& value, const std::string& what) {
  std::vector<std::string> texts;
  if (!value.is_array()) return Fail(Code::kInvalidArgument, what + " must be a list of texts");
  for (const json::value& item : value.get_array()) {
    if (!item.is_string() || item.get_string().empty()) {
      return Fail(Code::kInvalidArgument, what + " must be a list of texts");
    }
    texts.emplace_back(item.get_string());
  }
  return texts;
}

Result<Reviewer> ReadReviewer(const json::value& value) {
  if (value.is_string()) {
    for (const Reviewer one : {Reviewer::kNone, Reviewer::kOther, Reviewer::kAny}) {
      if (value.get_string() == ReviewerText(one)) return one;
    }
  }
  return Fail(Code::kInvalidArgument,
              "reviewer " + WriteJson(value) + " is none of none, other, any",
              "other: somebody else than the version's author");
}

}  // namespace

std::string_view ReviewerText(Reviewer reviewer) {
  switch (reviewer) {
    case Reviewer::kNone:
      return "none";
    case Reviewer::kOther:
      return "other";
    case Reviewer::kAny:
      return "any";
  }
  return "none";
}

json::value PolicyJson(const AliasPolicy& policy) {
  json::array goals;
  for (const design::Goal& goal : policy.key_metrics) {
    goals.emplace_back(goal.metric + " " + std::string(design::OpText(goal.op)) + " " +
                       ShortestDouble(goal.value));
  }
  json::array checks;
  for (const std::string& check : policy.checks) checks.emplace_back(check);
  json::object out{{"key_metrics", std::move(goals)},
                   {"reviewer", ReviewerText(policy.reviewer)},
                   {"checks", std::move(checks)}};
  if (policy.signers.empty()) return out;
  json::array signers;
  for (const std::string& signer : policy.signers) signers.emplace_back(signer);
  out["signers"] = std::move(signers);
  return out;
}

Result<AliasPolicy> ReadPolicy(const json::value& value) {
  if (!value.is_object()) return Fail(Code::kInvalidArgument, "a policy is a JSON object");
  AliasPolicy policy;
  for (const auto& [key, field] : value.get_object()) {
    if (key == "key_metrics") {
      QUERN_ASSIGN(const auto goals, ReadTexts(field, "key_metrics"));
      for (const std::string& goal : goals) {
        QUERN_ASSIGN(design::Goal parsed, design::ParseGoal(goal, {}));
        policy.key_metrics.push_back(std::move(parsed));
      }
    } else if (key == "reviewer") {
      QUERN_ASSIGN(policy.reviewer, ReadReviewer(field));
    } else if (key == "checks") {
      QUERN_ASSIGN(policy.checks, ReadTexts(field, "checks"));
    } else if (key == "signers") {
      QUERN_ASSIGN(policy.signers, ReadTexts(field, "signers"));
      QUERN_TRY(signing::Trust::FromPems(policy.signers));
    } else {
      return Fail(Code::kInvalidArgument, "a policy has no '" + std::string(key) + "'",
                  "it has key_metrics, reviewer, checks and signers");
    }
  }
  return policy;
}

Result<AliasPolicy> PolicyOf(store::Database& database, const std::string& name,
                             const std::string& alias) {
  std::string text;
  QUERN_TRY(database.Query("SELECT policy FROM alias_policies WHERE name = ? AND alias = ?",
                           {name, alias}, [&](const store::Row& row) { text = row.Text(0); }));
  if (text.empty()) return AliasPolicy();
  QUERN_ASSIGN(const json::value value, ParseJson(text));
  auto policy = ReadPolicy(value);
  if (policy) return policy;
  return Fail(Code::kDataLoss,
              "the policy of " + name + "@" + alias + ": " + policy.error().message,
              "`quern run` declares it anew");
}

}  // namespace quern::registry
