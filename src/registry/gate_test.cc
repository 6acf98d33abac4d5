#include "registry/gate.h"

#include <doctest/doctest.h>

#include <boost/json.hpp>

#include "registry/log.h"
#include "registry/people.h"
#include "registry/registry_fixture.h"
#include "registry/reviews.h"
#include "registry/transfer.h"

namespace quern::registry {
namespace {

AliasPolicy Policy(const std::string& text) {
  auto policy = ReadPolicy(*ParseJson(text));
  REQUIRE(policy);
  return std::move(*policy);
}

Reviews As(Fixture& f, const std::string& who) { return Reviews(*f.database, f.clock, who); }

/// heart/1 by "quern run" (roc_auc 0.90) and heart/2 (0.80).
void TwoVersions(Fixture& f) {
  Registry registry = f.Project();
  REQUIRE(registry.Register(
      {"heart",
       "d1",
       "r1",
       {{"quern.metrics", R"({"roc_auc":{"value":0.9,"low":0.8,"high":0.95}})"}}}));
  REQUIRE(registry.Register(
      {"heart", "d2", "r2", {{"quern.metrics", R"({"roc_auc":{"value":0.8}})"}}}));
}

Status SetPolicy(Fixture& f, const std::string& text) {
  return As(f, "quern run").SetPolicies("heart", {{"champion", Policy(text)}});
}

}  // namespace

TEST_CASE("a policy is read as it was written, and what is none is refused by name") {
  const std::string text =
      R"({"key_metrics":["roc_auc >= 0.85"],"reviewer":"other","checks":["bias_audit"]})";
  CHECK(WriteJson(PolicyJson(Policy(text))) == text);
  CHECK(Policy("{}").empty());
  for (const char* bad : {"[]", R"({"reviewer":"me"})", R"({"checks":"x"})", R"({"checks":[""]})",
                          R"({"key_metrics":["roc_auc"]})", R"({"metrics":[]})"}) {
    CAPTURE(bad);
    CHECK(ReadPolicy(*ParseJson(bad)).error().code == Code::kInvalidArgument);
  }
}

TEST_CASE("who is perhaps the same person is the same") {
  CHECK(SamePerson("ada (unverified)", "Ada"));
  CHECK(SamePerson("ada@host", "ada"));
  CHECK(SamePerson("ada", "ada@host"));
  CHECK_FALSE(SamePerson("ada@one", "ada@two"));
  CHECK_FALSE(SamePerson("ada", "adam@host"));
}

TEST_CASE("without a policy every alias moves, with one what is missing is named") {
  Fixture f;
  TwoVersions(f);
  Registry registry = f.Project();
  REQUIRE(registry.SetAlias("heart", "champion", 1, "first"));
  REQUIRE(SetPolicy(f, R"({"key_metrics":["roc_auc >= 0.85"],"reviewer":"other",
                                        "checks":["bias_audit"]})"));
  const Status refused = registry.SetAlias("heart", "champion", 2, "newer");
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == Code::kFailedPrecondition);
  const std::string& message = refused.error().message;
  CHECK(message.find("heart/2 may not be champion yet") == 0);
  CHECK(message.find("roc_auc is 0.8, 0.05 below the required 0.85") != std::string::npos);
  CHECK(message.find("the check 'bias_audit' has not been made") != std::string::npos);
  CHECK(message.find("no reviewer other than its author, quern run, has approved it") !=
        std::string::npos);
  CHECK(refused.error().hint.find("quern models approve heart/2 --reason") != std::string::npos);
  // Clients of MLflow's calls meet the same gate; other aliases move as ever.
  CHECK(f.Models().SetAlias("heart", "champion", 2).error().code == Code::kFailedPrecondition);
  CHECK(registry.SetAlias("heart", "challenger", 2, "newer"));
  CHECK(f.Models().ByAlias("heart", "champion")->version == 1);
  CHECK(registry.Gate("heart", "champion", 9).error().code == Code::kNotFound);
}

TEST_CASE("evidence, an approval of another and a passed check open the gate") {
  Fixture f;
  TwoVersions(f);
  Registry registry = f.Project();
  REQUIRE(SetPolicy(f, R"({"key_metrics":["roc_auc >= 0.85"],"reviewer":"other",
                                        "checks":["bias_audit"]})"));
  REQUIRE(As(f, "quern run (unverified)").Say({"heart", 1, Verdict::kApproved, "mine"}));
  auto gate = registry.Gate("heart", "champion", 1);
  CHECK_FALSE(gate->open);
  CHECK(gate->Missing().back() == "it is approved by its author alone, quern run (unverified)");
  REQUIRE(As(f, "bob").Say({"heart", 1, Verdict::kApproved, "looked at the errors"}));
  REQUIRE(As(f, "ci").Record({"heart", 1, "bias_audit", false, "gap of 0.2"}));
  gate = registry.Gate("heart", "champion", 1);
  REQUIRE(gate->Missing().size() == 1);
  CHECK(gate->Missing()[0].find("the check 'bias_audit' failed: gap of 0.2 (ci") == 0);
  REQUIRE(As(f, "ci").Record({"heart", 1, "bias_audit", true, "gap of 0.01"}));
  CHECK(registry.Gate("heart", "champion", 1)->open);
  CHECK(registry.SetAlias("heart", "champion", 1, "approved"));
  // The answer survives the wire.
  gate = registry.Gate("heart", "champion", 1);
  CHECK(WriteJson(GateReportJson(*ReadGateReport(GateReportJson(*gate)))) ==
        WriteJson(GateReportJson(*gate)));
}

TEST_CASE("a rejection closes the gate until the same person approves") {
  Fixture f;
  TwoVersions(f);
  Registry registry = f.Project();
  REQUIRE(SetPolicy(f, R"({"reviewer":"other"})"));
  REQUIRE(As(f, "bob").Say({"heart", 1, Verdict::kApproved, "fine"}));
  REQUIRE(As(f, "eve").Say({"heart", 1, Verdict::kRejected, "leaks the label"}));
  CHECK(registry.SetAlias("heart", "champion", 1, "x").error().message.find("leaks the label") !=
        std::string::npos);
  REQUIRE(As(f, "bob").Say({"heart", 1, Verdict::kApproved, "really"}));
  CHECK_FALSE(registry.Gate("heart", "champion", 1)->open);
  REQUIRE(As(f, "eve@host").Say({"heart", 1, Verdict::kApproved, "I was wrong"}));
  CHECK(registry.Gate("heart", "champion", 1)->open);
}

TEST_CASE("an override is recorded, and ends with a rejection") {
  Fixture f;
  TwoVersions(f);
  Registry registry = f.Project();
  REQUIRE(SetPolicy(f, R"({"reviewer":"other"})"));
  CHECK(registry.ForceAlias("heart", "champion", 2, "").error().code == Code::kInvalidArgument);
  REQUIRE(registry.ForceAlias("heart", "champion", 2, "the old one is down"));
  CHECK(registry.Get("heart", 2)->aliases == std::vector<std::string>{"champion"});
  CHECK(registry.Gate("heart", "champion", 2)->exemption.find("overridden by quern run") == 0);
  const auto log = registry.Log("heart");
  const LogEntry& forced = (*log)[log->size() - 2];
  CHECK(forced.change == "version 2 override champion");
  CHECK(forced.reason == "the old one is down");
  REQUIRE(As(f, "bob").Say({"heart", 2, Verdict::kRejected, "no"}));
  CHECK_FALSE(registry.Gate("heart", "champion", 2)->open);
}

TEST_CASE("going back to what was champion never waits, unless it was rejected") {
  Fixture f;
  TwoVersions(f);
  Registry registry = f.Project();
  REQUIRE(registry.SetAlias("heart", "champion", 1, "first"));
  REQUIRE(SetPolicy(f, R"({"reviewer":"other"})"));
  REQUIRE(registry.ForceAlias("heart", "champion", 2, "trial"));
  CHECK(registry.SetAlias("heart", "champion", 1, "back"));
  CHECK(registry.Gate("heart", "champion", 1)->exemption == "it has been champion before");
  REQUIRE(As(f, "bob").Say({"heart", 1, Verdict::kRejected, "unsafe"}));
  CHECK_FALSE(registry.Gate("heart", "champion", 1)->open);
  // A model that was made anew under the name has had nothing.
  REQUIRE(f.Models().Delete("heart"));
  TwoVersions(f);
  REQUIRE(SetPolicy(f, R"({"reviewer":"any"})"));
  CHECK_FALSE(registry.Gate("heart", "champion", 1)->open);
  // So has one that took the name of a renamed model, which keeps what it has had.
  REQUIRE(As(f, "bob").Say({"heart", 1, Verdict::kApproved, "fine"}));
  REQUIRE(registry.SetAlias("heart", "champion", 1, "first"));
  REQUIRE(registry.ForceAlias("heart", "champion", 2, "trial"));
  REQUIRE(f.Models().Rename("heart", "cardio"));
  TwoVersions(f);
  REQUIRE(SetPolicy(f, R"({"reviewer":"any"})"));
  CHECK_FALSE(registry.Gate("heart", "champion", 1)->open);
  CHECK_FALSE(registry.SetAlias("heart", "champion", 1, "sneaked in"));
  CHECK(registry.Gate("cardio", "champion", 2)->open);
}

TEST_CASE("policy, reviews and checks follow a renamed model and go with a deleted version") {
  Fixture f;
  TwoVersions(f);
  Registry registry = f.Project();
  REQUIRE(SetPolicy(f, R"({"reviewer":"any"})"));
  REQUIRE(As(f, "bob").Say({"heart", 1, Verdict::kApproved, "fine"}));
  REQUIRE(f.Models().Rename("heart", "cardio"));
  CHECK(registry.Gate("cardio", "champion", 1)->open);
  CHECK_FALSE(registry.Gate("cardio", "champion", 2)->open);
  REQUIRE(f.Versions().Delete("cardio", 1));
  CHECK(ReviewsOf(*f.database, "cardio", 1)->at("reviews").as_array().empty());
  CHECK(As(f, "bob").SetPolicies("heart", {}));  // nothing to take away
  CHECK(SetPolicy(f, R"({"reviewer":"any"})").error().code == Code::kNotFound);
}

TEST_CASE("what nobody says, or without a reason, is refused") {
  Fixture f;
  TwoVersions(f);
  CHECK(As(f, "").Say({"heart", 1, Verdict::kApproved, "fine"}).error().code ==
        Code::kInvalidArgument);
  CHECK(As(f, "bob").Say({"heart", 1, Verdict::kApproved, " "}).error().code ==
        Code::kInvalidArgument);
  CHECK(As(f, "bob").Say({"heart", 7, Verdict::kApproved, "fine"}).error().code == Code::kNotFound);
  CHECK(As(f, "bob").Record({"heart", 1, "", true, "fine"}).error().code == Code::kInvalidArgument);
}

TEST_CASE("an import leaves an alias alone that its gate is closed to") {
  Fixture f;
  TwoVersions(f);
  REQUIRE(SetPolicy(f, R"({"reviewer":"other"})"));
  ModelRecord record;
  record.model.name = "heart";
  record.model.aliases = {{"champion", 7}};
  ModelVersion version;
  version.name = "heart";
  version.version = 7;
  version.source = "s3://b/m";
  record.versions = {version};
  const auto outcome = Transfer(*f.database, f.clock, "import").Put(record);
  REQUIRE(outcome);
  REQUIRE(outcome->conflicts.size() == 1);
  CHECK(outcome->conflicts[0].find("heart/7 may not be champion yet") != std::string::npos);
}

TEST_CASE("the log is a chain: what was changed or taken out shows") {
  Fixture f;
  TwoVersions(f);
  REQUIRE(f.Project().SetAlias("heart", "champion", 1, "first"));
  REQUIRE(f.Models().SetTag("heart", "team", "cardio"));
  CHECK(CheckLog(*f.database)->chained == 5);
  const auto log = ReadLog(*f.database, "heart");
  CHECK(log->front().link.previous.empty());
  CHECK(log->back().link.sequence == 5);
  SUBCASE("changed") {
    REQUIRE(f.database->Execute("UPDATE registry_log SET actor = 'eve' WHERE sequence = 4"));
    CHECK(CheckLog(*f.database).error().message ==
          "record 4 of the registry's log is not what was written");
  }
  SUBCASE("taken out") {
    REQUIRE(f.database->Execute("DELETE FROM registry_log WHERE sequence = 2"));
    CHECK(CheckLog(*f.database).error().message ==
          "record 2 of the registry's log is not what was written");
  }
  SUBCASE("the last one") {
    REQUIRE(f.database->Execute("DELETE FROM registry_log WHERE sequence = 5"));
    CHECK(CheckLog(*f.database).error().message ==
          "the registry's log has 4 records, 5 were written");
  }
  SUBCASE("its end") {
    REQUIRE(f.database->Execute("DELETE FROM registry_log_head"));
    CHECK(CheckLog(*f.database).error().message == "the end of the registry's log is missing");
  }
}

}  // namespace quern::registry
