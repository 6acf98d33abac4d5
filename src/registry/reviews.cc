#include "registry/reviews.h"

#include <boost/json.hpp>

#include "base/json_read.h"
#include "base/text.h"
#include "registry/journal.h"
#include "registry/names.h"
#include "registry/people.h"
#include "registry/rows.h"

namespace quern::registry {

using store::Row;

namespace {

constexpr char kNameYourself[] = "name yourself: --actor, or `actor` in the request";
constexpr char kSayWhy[] = "say why: --reason, or `reason` in the request";

std::string OfVersion(int64_t version, std::string_view what) {
  return "version " + std::to_string(version) + " " + std::string(what);
}

Status CheckText(const std::string& text, const std::string& what, const std::string& remedy) {
  if (Trim(text).empty()) return Fail(Code::kInvalidArgument, what + " is missing", remedy);
  if (text.size() > kLongestReason || FindInvalidUtf8(text)) {
    return Fail(Code::kInvalidArgument,
                what + " is no text of at most " + std::to_string(kLongestReason) + " bytes",
                remedy);
  }
  return {};
}

}  // namespace

std::string Reviews::Who(const std::string& declared) const {
  return declared.empty() ? actor_ : declared + " (unverified)";
}

Status Reviews::CheckSaid(const std::string& who, const std::string& name, int64_t version,
                          const std::string& reason) {
  QUERN_TRY(CheckText(who, "who says so", kNameYourself));
  QUERN_TRY(CheckText(reason, "the reason", kSayWhy));
  QUERN_ASSIGN(const auto found,
               SelectVersions(db_, "v.name = ? AND v.version = ?", {name, version}, "v.version"));
  return found.empty() ? Status(NoVersion(name, std::to_string(version))) : Status();
}

Status Reviews::Say(const Review& review) {
  const std::string verdict = review.verdict == Verdict::kApproved ? "approved" : "rejected";
  const std::string who = Who(review.actor);
  return db_.Write([&]() -> Status {
    QUERN_TRY(CheckSaid(who, review.name, review.version, review.reason));
    std::vector<std::string> same;
    std::string before;
    QUERN_TRY(
        db_.Query("SELECT reviewer, verdict FROM version_reviews WHERE name = ? AND version = ?",
                  {review.name, review.version}, [&](const Row& row) {
                    if (!SamePerson(row.Text(0), who)) return;
                    same.push_back(row.Text(0));
                    before = row.Text(1);
                  }));
    for (const std::string& reviewer : same) {
      QUERN_TRY(
          db_.Execute("DELETE FROM version_reviews WHERE name = ? AND version = ? AND reviewer = ?",
                      {review.name, review.version, reviewer}));
    }
    QUERN_TRY(db_.Execute(
        "INSERT INTO version_reviews(name, version, reviewer, verdict, reason, time_ms) "
        "VALUES (?, ?, ?, ?, ?, ?)",
        {review.name, review.version, who, verdict, review.reason, clock_.NowMs()}));
    if (review.verdict == Verdict::kRejected) {
      QUERN_TRY(db_.Execute("DELETE FROM alias_overrides WHERE name = ? AND version = ?",
                            {review.name, review.version}));
    }
    return Note(db_, clock_, who,
                {review.name, OfVersion(review.version, "review"), before, verdict, review.reason});
  });
}

Status Reviews::Record(const VersionCheck& check) {
  const std::string who = Who(check.actor);
  return db_.Write([&]() -> Status {
    QUERN_TRY(CheckText(check.check, "the check's name", "name it as the policy does"));
    QUERN_TRY(CheckSaid(who, check.name, check.version, check.reason));
    std::string before, why;
    QUERN_TRY(
        db_.Query("SELECT passed, reason FROM version_checks WHERE name = ? AND version = ? "
                  "AND check_name = ?",
                  {check.name, check.version, check.check}, [&](const Row& row) {
                    before = row.Int(0) != 0 ? "passed" : "failed";
                    why = row.Text(1);
                  }));
    const std::string after = check.passed ? "passed" : "failed";
    if (before == after && why == check.reason) return {};
    QUERN_TRY(db_.Execute(
        "INSERT INTO version_checks(name, version, check_name, passed, reason, actor, time_ms) "
        "VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT(name, version, check_name) DO UPDATE SET "
        "passed = excluded.passed, reason = excluded.reason, actor = excluded.actor, "
        "time_ms = excluded.time_ms",
        {check.name, check.version, check.check, int64_t{check.passed}, check.reason, who,
         clock_.NowMs()}));
    return Note(db_, clock_, who,
                {check.name, OfVersion(check.version, "check " + check.check), before, after,
                 check.reason});
  });
}

Status Reviews::Override(const std::string& name, const std::string& alias, int64_t version,
                         const std::string& reason) {
  QUERN_TRY(CheckNewAlias(alias));
  return db_.Write([&]() -> Status {
    QUERN_TRY(CheckSaid(actor_, name, version, reason));
    QUERN_TRY(
        db_.Execute("INSERT INTO alias_overrides(name, version, alias, actor, reason, time_ms) "
                    "VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT(name, version, alias) DO UPDATE SET "
                    "actor = excluded.actor, reason = excluded.reason, time_ms = excluded.time_ms",
                    {name, version, alias, actor_, reason, clock_.NowMs()}));
    return Note(db_, clock_, actor_,
                {name, OfVersion(version, "override " + alias), "", "overridden", reason});
  });
}

Status Reviews::SetPolicy(const PolicyChange& change) {
  QUERN_TRY(CheckText(Who(change.actor), "who asks for it", kNameYourself));
  QUERN_TRY(CheckText(change.reason, "the reason", kSayWhy));
  return KeepPolicy(change);
}

Status Reviews::KeepPolicy(const PolicyChange& change) {
  const auto& [name, alias, policy, reason, actor] = change;
  QUERN_TRY(CheckNewAlias(alias));
  const std::string text = policy.empty() ? "" : WriteJson(PolicyJson(policy));
  return db_.Write([&]() -> Status {
    std::string before;
    QUERN_TRY(db_.Query("SELECT policy FROM alias_policies WHERE name = ? AND alias = ?",
                        {name, alias}, [&](const Row& row) { before = row.Text(0); }));
    if (before == text) return {};
    bool known = false;
    QUERN_TRY(db_.Query("SELECT 1 FROM registered_models WHERE name = ?", {name},
                        [&](const Row&) { known = true; }));
    if (!known) return NoModel(name);
    QUERN_TRY(
        db_.Execute("DELETE FROM alias_policies WHERE name = ? AND alias = ?", {name, alias}));
    if (!text.empty()) {
      QUERN_TRY(db_.Execute("INSERT INTO alias_policies(name, alias, policy) VALUES (?, ?, ?)",
                            {name, alias, text}));
    }
    return Note(db_, clock_, Who(actor), {name, "policy " + alias, before, text, reason});
  });
}

Status Reviews::SetPolicies(const std::string& name,
                            const std::map<std::string, AliasPolicy>& policies) {
  return db_.Write([&]() -> Status {
    std::vector<std::string> gone;
    QUERN_TRY(db_.Query("SELECT alias FROM alias_policies WHERE name = ? ORDER BY alias", {name},
                        [&](const Row& row) {
                          if (!policies.contains(row.Text(0))) gone.push_back(row.Text(0));
                        }));
    for (const std::string& alias : gone) QUERN_TRY(KeepPolicy({name, alias, {}, ""}));
    for (const auto& [alias, policy] : policies) QUERN_TRY(KeepPolicy({name, alias, policy, ""}));
    return {};
  });
}

Result<json::value> ReviewsOf(store::Database& database, const std::string& name, int64_t version) {
  const std::vector<store::Param> key{name, version};
  json::array reviews, checks, overrides;
  QUERN_TRY(
      database.Query("SELECT reviewer, verdict, reason, time_ms FROM version_reviews WHERE "
                     "name = ? AND version = ? ORDER BY time_ms, reviewer",
                     key, [&](const Row& row) {
                       reviews.push_back(json::object{{"reviewer", row.Text(0)},
                                                      {"verdict", row.Text(1)},
                                                      {"reason", row.Text(2)},
                                                      {"at_ms", row.Int(3)}});
                     }));
  QUERN_TRY(
      database.Query("SELECT check_name, passed, reason, actor, time_ms FROM version_checks WHERE "
                     "name = ? AND version = ? ORDER BY check_name",
                     key, [&](const Row& row) {
                       checks.push_back(json::object{{"check", row.Text(0)},
                                                     {"passed", row.Int(1) != 0},
                                                     {"reason", row.Text(2)},
                                                     {"actor", row.Text(3)},
                                                     {"at_ms", row.Int(4)}});
                     }));
  QUERN_TRY(
      database.Query("SELECT alias, actor, reason, time_ms FROM alias_overrides WHERE name = ? "
                     "AND version = ? ORDER BY alias",
                     key, [&](const Row& row) {
                       overrides.push_back(json::object{{"alias", row.Text(0)},
                                                        {"actor", row.Text(1)},
                                                        {"reason", row.Text(2)},
                                                        {"at_ms", row.Int(3)}});
                     }));
  return json::object{{"reviews", std::move(reviews)},
                      {"checks", std::move(checks)},
                      {"overrides", std::move(overrides)}};
}

Result<json::value> PoliciesOf(store::Database& database, const std::string& name) {
  std::vector<std::pair<std::string, std::string>> rows;
  QUERN_TRY(database.Query("SELECT alias, policy FROM alias_policies WHERE name = ? ORDER BY alias",
                           {name},
                           [&](const Row& row) { rows.emplace_back(row.Text(0), row.Text(1)); }));
  json::array out;
  for (const auto& [alias, text] : rows) {
    QUERN_ASSIGN(json::value policy, ParseJson(text));
    out.push_back(json::object{{"alias", alias}, {"policy", std::move(policy)}});
  }
  return out;
}

Result<std::map<std::string, AliasPolicy>> ReadPolicies(const json::value& list) {
  std::map<std::string, AliasPolicy> policies;
  if (!list.is_array()) return Fail(Code::kDataLoss, "what aliases ask for is no list");
  for (const json::value& one : list.get_array()) {
    const std::string alias = TextAt(one, "/alias");
    auto policy = ReadPolicy(At(one, "/policy"));
    if (!policy) {
      return Fail(Code::kDataLoss,
                  "what the alias '" + alias + "' asks for: " + policy.error().message);
    }
    policies[alias] = std::move(*policy);
  }
  return policies;
}

}  // namespace quern::registry
