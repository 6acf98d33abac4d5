#include "cli/models_review.h"

#include <fmt/format.h>

#include <boost/json.hpp>
#include <memory>

#include "base/text.h"
#include "base/time.h"
#include "cli/state_verb.h"
#include "pipeline/project.h"
#include "registry/log.h"

namespace quern::cli {
namespace {

struct ReviewArgs : StateArgs {
  std::string actor;
  std::string check;
  std::string alias = "champion";
  bool passed = false;
  bool failed = false;
};
using ReviewArgsPtr = std::shared_ptr<ReviewArgs>;
using ReviewWork = std::function<Result<int>(pipeline::Workspace&, const ReviewArgs&, Context&)>;

/// 0 if the gate is open, else as of a gate that failed.
int CodeOf(const registry::GateReport& gate) {
  return static_cast<int>(gate.open ? Exit::kDone : Exit::kGateFailed);
}

void ShowGate(const registry::GateReport& gate, Context& context) {
  if (context.json) {
    context.PrintJson(registry::GateReportJson(gate));
    return;
  }
  const std::string which = fmt::format("{}/{}", gate.name, gate.version);
  if (!gate.declared) {
    context.PrintLine(fmt::format("{} may be {}: nothing is asked for", which, gate.alias));
    return;
  }
  const std::string why = gate.exemption.empty() ? "" : ": " + gate.exemption;
  context.PrintLine(
      fmt::format("{} may {}be {}{}", which, gate.open ? "" : "not yet ", gate.alias, why));
  for (const registry::GateItem& item : gate.items) {
    const bool passes = item.status == design::GateStatus::kPass;
    context.PrintLine(fmt::format("  {}  {}", passes ? "pass" : "    ", item.sentence));
    if (!item.remedy.empty()) context.PrintLine("        " + item.remedy);
  }
}

Result<int> Judge(pipeline::Workspace& workspace, const ReviewArgs& args, Context& context) {
  QUERN_ASSIGN(const auto version, workspace.registry().Resolve(args.what));
  QUERN_TRY(DeclarePolicies(workspace, version.name));
  QUERN_ASSIGN(const auto gate,
               workspace.registry().Gate(version.name, args.alias, version.version));
  ShowGate(gate, context);
  return CodeOf(gate);
}

ReviewWork Say(registry::Verdict verdict) {
  return [verdict](pipeline::Workspace& workspace, const ReviewArgs& args,
                   Context& context) -> Result<int> {
    registry::PackageRegistry& registry = workspace.registry();
    QUERN_ASSIGN(const auto version, registry.Resolve(args.what));
    QUERN_TRY(DeclarePolicies(workspace, version.name));
    QUERN_TRY(registry.Say({version.name, version.version, verdict, args.reason, args.actor}));
    QUERN_ASSIGN(const auto gate, registry.Gate(version.name, args.alias, version.version));
    ShowGate(gate, context);
    return 0;
  };
}

Result<int> Check(pipeline::Workspace& workspace, const ReviewArgs& args, Context& context) {
  if (args.passed == args.failed) {
    return Fail(Code::kInvalidArgument, "the outcome of '" + args.check + "' is not said",
                "give --passed or --failed");
  }
  registry::PackageRegistry& registry = workspace.registry();
  QUERN_ASSIGN(const auto version, registry.Resolve(args.what));
  QUERN_TRY(DeclarePolicies(workspace, version.name));
  QUERN_TRY(registry.Record(
      {version.name, version.version, args.check, args.passed, args.reason, args.actor}));
  QUERN_ASSIGN(const auto gate, registry.Gate(version.name, args.alias, version.version));
  ShowGate(gate, context);
  return 0;
}

Result<int> ShowRegistryLog(pipeline::Workspace& workspace, const ReviewArgs& args,
                            Context& context) {
  if (workspace.server() != nullptr) {
    return Fail(Code::kFailedPrecondition, "the registry is at " + workspace.server()->url(),
                "ask it: GET /api/2.0/quern/models/" + args.what + "/log");
  }
  QUERN_ASSIGN(const auto log, registry::ReadLog(workspace.database(), args.what));
  if (log.empty() && !args.what.empty()) {
    return Fail(Code::kNotFound, "no model '" + args.what + "'", "`quern models` lists them");
  }
  QUERN_ASSIGN(const registry::LogCheck check, registry::CheckLog(workspace.database()));
  json::array entries;
  for (const registry::LogEntry& entry : log) {
    if (context.json) {
      entries.push_back(registry::LogEntryJson(entry));
      continue;
    }
    const std::string from = entry.before.empty() ? "" : entry.before + " -> ";
    context.PrintLine(fmt::format("{}  {:<20}  {}  {}: {}{}{}", FormatTime(entry.time_ms),
                                  entry.actor, entry.name, entry.change, from,
                                  entry.after.empty() ? "(none)" : entry.after,
                                  entry.reason.empty() ? "" : "  (" + entry.reason + ")"));
  }
  if (context.json) {
    context.PrintJson(json::object{
        {"checked", json::object{{"chained", check.chained}, {"unchained", check.unchained}}},
        {"log", std::move(entries)}});
    return 0;
  }
  const std::string older =
      check.unchained == 0
          ? ""
          : fmt::format("; {} older ones were written without a chain", check.unchained);
  context.PrintLine(fmt::format("the registry's {} chained records are as they were written{}",
                                check.chained, older));
  return 0;
}

Verb AddReviewVerb(Verb models, Context& context, const ReviewArgsPtr& args, const char* name,
                   const char* doc, ReviewWork work) {
  Verb verb = models.AddVerb(name, doc);
  verb.AddOption("--project", args->project, "Project folder").ShowDefault();
  AddJsonFlag(verb, context);
  WhenGiven(verb, context, [args, work = std::move(work), &context]() -> Result<int> {
    QUERN_ASSIGN(const auto workspace, OpenState(*args, Asks::kServerToo, context));
    return work(*workspace, *args, context);
  });
  return verb;
}

/// Adds who says it and why.
void AddSaying(Verb verb, const ReviewArgsPtr& args) {
  verb.AddOption("--reason", args->reason, "Why, for the log").Required();
  verb.AddOption("--actor", args->actor, "Who says so, if it is not you: recorded as unverified");
}

}  // namespace

Status DeclarePolicies(pipeline::Workspace& workspace, const std::string& model) {
  if (BaseName(workspace.dir()) != ".quern") return {};
  QUERN_ASSIGN(const auto project,
               pipeline::LoadPolicies(DirName(workspace.dir()), workspace.fs()));
  if (!project || project->name != model) return {};
  return workspace.registry().SetPolicies(model, project->policies);
}

void AddModelsReview(Verb models, Context& context) {
  auto args = std::make_shared<ReviewArgs>();
  constexpr char kVersion[] = "NAME/3, NAME@alias or NAME";
  constexpr char kAlias[] = "The alias whose gate is shown";
  Verb gate = AddReviewVerb(models, context, args, "gate",
                            "Whether a version may have an alias, and what is missing", Judge);
  gate.AddOption("version", args->what, kVersion).Required();
  gate.AddOption("--alias", args->alias, kAlias).ShowDefault();
  Verb approve = AddReviewVerb(models, context, args, "approve", "Approve a version, as a reviewer",
                               Say(registry::Verdict::kApproved));
  approve.AddOption("version", args->what, kVersion).Required();
  AddSaying(approve, args);
  Verb reject = AddReviewVerb(models, context, args, "reject",
                              "Reject a version: its gates stay closed until you approve it",
                              Say(registry::Verdict::kRejected));
  reject.AddOption("version", args->what, kVersion).Required();
  AddSaying(reject, args);
  Verb check = AddReviewVerb(models, context, args, "check",
                             "Record the outcome of a check of a version", Check);
  check.AddOption("version", args->what, kVersion).Required();
  check.AddOption("check", args->check, "Its name, as the policy has it").Required();
  check.AddFlag("--passed", args->passed, "It passed");
  check.AddFlag("--failed", args->failed, "It failed");
  AddSaying(check, args);
  AddReviewVerb(models, context, args, "log", "Every change of a model, each record checked",
                ShowRegistryLog)
      .AddOption("model", args->what, "One model; without, the whole registry");
}

}  // namespace quern::cli
