// quern models policy: what must hold before an alias of a model moves.
#include "cli/models_policy.h"

#include <fmt/format.h>

#include <boost/json.hpp>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/text.h"
#include "cli/models_review.h"
#include "cli/project_state.h"
#include "cli/state_verb.h"
#include "signing/trust.h"

namespace quern::cli {
namespace {

using registry::AliasPolicy;
using AliasPolicies = std::map<std::string, AliasPolicy>;

struct PolicyArgs : StateArgs {
  std::string alias;
  std::vector<std::string> key_metrics;
  std::string reviewer;
  std::vector<std::string> checks;
  std::vector<std::string> signed_by;
  bool clear = false;
  std::string actor;

  bool asks() const {
    return !key_metrics.empty() || !reviewer.empty() || !checks.empty() || !signed_by.empty();
  }
};

/// "roc_auc >= 0.85; a reviewer other than the author; the check 'bias_audit'".
std::string InWords(const AliasPolicy& policy) {
  std::vector<std::string> asked;
  for (const design::Goal& goal : policy.key_metrics) {
    asked.push_back(
        fmt::format("{} {} {}", goal.metric, design::OpText(goal.op), ShortestDouble(goal.value)));
  }
  if (policy.reviewer == registry::Reviewer::kOther) {
    asked.emplace_back("a reviewer other than the author");
  }
  if (policy.reviewer == registry::Reviewer::kAny) asked.emplace_back("a reviewer");
  for (const std::string& check : policy.checks) asked.push_back("the check '" + check + "'");
  if (!policy.signers.empty()) asked.push_back("a signature that is trusted");
  return asked.empty() ? "nothing: it moves freely" : Join(asked, "; ");
}

/// Where a project file declares the model's policies; "" if it does not, or cannot be read.
std::string DeclaredAt(const server::PolicySource& source, const std::string& model) {
  const auto found = server::DeclarationOf(source, model);
  return found && *found ? (*found)->where : "";
}

void Show(const PolicyArgs& args, const AliasPolicies& policies, const std::string& declared,
          Context& context) {
  AliasPolicies shown = policies;
  if (!args.alias.empty()) {
    const auto one = policies.find(args.alias);
    shown = {{args.alias, one == policies.end() ? AliasPolicy() : one->second}};
  }
  if (context.json) {
    json::array list;
    for (const auto& [alias, policy] : shown) {
      if (policy.empty()) continue;
      list.push_back(json::object{{"alias", alias}, {"policy", registry::PolicyJson(policy)}});
    }
    context.PrintJson(json::object{
        {"name", args.what},
        {"policies", std::move(list)},
        {"declared_at", declared.empty() ? json::value(nullptr) : json::value(declared)}});
    return;
  }
  if (shown.empty()) context.PrintLine("no alias of " + args.what + " asks for anything");
  for (const auto& [alias, policy] : shown) {
    context.PrintLine(fmt::format("{}@{} asks for {}", args.what, alias, InWords(policy)));
  }
  if (!declared.empty()) context.PrintLine("declared in " + declared);
}

/// What the options ask for, read as what a request asks for is.
Result<AliasPolicy> Asked(const PolicyArgs& args, Fs& fs) {
  const auto texts = [](const std::vector<std::string>& list) {
    return json::array(list.begin(), list.end());
  };
  json::object asked{{"key_metrics", texts(args.key_metrics)}, {"checks", texts(args.checks)}};
  if (!args.reviewer.empty()) asked["reviewer"] = args.reviewer;
  if (!args.signed_by.empty()) {
    QUERN_ASSIGN(const auto trust, signing::Trust::FromFiles(args.signed_by, fs));
    json::array signers;
    for (const signing::PublicKey& key : trust.keys()) signers.emplace_back(key.pem());
    asked["signers"] = std::move(signers);
  }
  return registry::ReadPolicy(asked);
}

/// What the options would change, or nothing if they only ask.
Result<std::optional<registry::PolicyChange>> ChangeOf(const PolicyArgs& args, Fs& fs) {
  if (!args.clear && !args.asks()) {
    if (args.reason.empty() && args.actor.empty()) return std::optional<registry::PolicyChange>();
    return Fail(Code::kInvalidArgument, "what the alias is to ask for is not said",
                "give --key-metric, --reviewer, --check or --signed-by, or --clear for nothing");
  }
  if (args.clear && args.asks()) {
    return Fail(Code::kInvalidArgument, "--clear takes the policy away, and something is asked for",
                "leave out one of both");
  }
  if (args.alias.empty()) {
    return Fail(Code::kInvalidArgument, "no alias is named",
                "`quern models policy " + args.what + " champion …` says whose policy it is");
  }
  registry::PolicyChange change{args.what, args.alias, {}, args.reason, args.actor};
  if (!args.clear) {
    QUERN_ASSIGN(change.policy, Asked(args, fs));
  }
  return std::optional<registry::PolicyChange>(std::move(change));
}

Result<int> RunPolicy(const PolicyArgs& args, Context& context) {
  QUERN_ASSIGN(const auto change, ChangeOf(args, context.fs));
  QUERN_ASSIGN(const auto workspace, OpenState(args, Asks::kServerToo, context));
  registry::PackageRegistry& registry = workspace->registry();
  QUERN_ASSIGN(const auto model, registry.Model(args.what));
  if (!model) {
    return Fail(Code::kNotFound, "no model '" + args.what + "'", "`quern models` lists them");
  }
  const server::PolicySource source = DeclaredPolicies(workspace->dir(), context);
  if (change) {
    QUERN_TRY(server::MayChangePolicies(source, args.what));
    QUERN_TRY(registry.SetPolicy(*change));
  } else {
    QUERN_TRY(DeclarePolicies(*workspace, args.what));
  }
  QUERN_ASSIGN(const AliasPolicies policies, registry.Policies(args.what));
  Show(args, policies, DeclaredAt(source, args.what), context);
  return 0;
}

}  // namespace

void AddModelsPolicy(Verb models, Context& context) {
  auto args = std::make_shared<PolicyArgs>();
  Verb verb = models.AddVerb("policy", "What must hold before an alias moves: show, set, clear");
  verb.AddOption("name", args->what, "The model").Required();
  verb.AddOption("alias", args->alias, "One of its aliases; without, all that ask for something");
  verb.AddOption("--key-metric", args->key_metrics,
                 "\"roc_auc >= 0.85\": must hold for the version. Again for more")
      .OneEachTime();
  verb.AddOption("--reviewer", args->reviewer,
                 "Who must have approved: somebody other than the author, or any reviewer")
      .OneOf({"other", "any"});
  verb.AddOption("--check", args->checks, "The name of a check that must pass. Again for more")
      .OneEachTime();
  verb.AddOption("--signed-by", args->signed_by,
                 "PEM file of a public key that must have signed the package. Again for more keys, "
                 "any of which will do")
      .OneEachTime();
  verb.AddFlag("--clear", args->clear, "The alias asks for nothing any more");
  verb.AddOption("--reason", args->reason, "Why, for the log: needed for every change");
  verb.AddOption("--actor", args->actor, "Who says so, if it is not you: recorded as unverified");
  verb.AddOption("--project", args->project, "Project folder").ShowDefault();
  AddJsonFlag(verb, context);
  verb.Footer(
      "Examples:\n"
      "  quern models policy churn\n"
      "  quern models policy churn champion --key-metric 'roc_auc >= 0.85' --reviewer other\\\n"
      "      --check bias_audit --reason 'after the audit'\n"
      "  quern models policy churn champion --clear --reason 'the pilot is over'\n"
      "What is given is the whole policy: what is left out is not asked for any more.\n"
      "The model of a project has its policies in `registry:` of quern.yaml, and is refused here.");
  WhenGiven(verb, context, [args, &context] { return RunPolicy(*args, context); });
}

}  // namespace quern::cli
