// quern deploy: releases of a store, begun, watched and ordered about. A server of the store
// follows what is written here within seconds.
#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>
#include <cmath>
#include <functional>
#include <memory>
#include <optional>

#include "base/text.h"
#include "cli/command.h"
#include "cli/kept_store.h"
#include "deploy/release_store.h"
#include "deploy/store_orders.h"
#include "deploy/strategy.h"
#include "pipeline/workspace.h"
#include "registry/ask_gate.h"

namespace quern::cli {
namespace {

struct DeployArgs : StoreArgs {
  std::string model;
  std::string stable = "champion";
  std::string candidate;
  std::string strategy = "basic";
  std::string alias = "champion";
  std::string id;
  deploy::Command order;
  bool force = false;
  int limit = 20;
};
using DeployArgsPtr = std::shared_ptr<DeployArgs>;

std::string Weights(const deploy::Release& release) {
  std::vector<std::string> parts;
  for (const deploy::Candidate& candidate : release.candidates) {
    parts.push_back(candidate.version + ": " + ShortestDouble(candidate.weight) + " %");
  }
  return Join(parts, ", ");
}

std::string Where(const deploy::Release& release) {
  std::string text(deploy::PhaseName(release.phase));
  if (release.phase == deploy::Phase::kStep) text += " " + std::to_string(release.step + 1);
  return release.closed ? text + ", closed" : text;
}

/// A file, the text itself, or the name of a strategy, which then has all of its defaults.
Result<deploy::Strategy> ReadStrategy(const std::string& given, Fs& fs) {
  const std::vector<std::string> names = deploy::StrategyNames();
  const bool named = std::find(names.begin(), names.end(), given) != names.end();
  const bool inline_text = named || given.find('{') != std::string::npos;
  std::string text = named ? "{strategy: " + given + "}" : given;
  if (!inline_text) {
    if (!fs.Exists(given)) {
      return Fail(Code::kNotFound, "'" + given + "' is no strategy, and there is no such file",
                  SuggestName(given, names));
    }
    QUERN_ASSIGN(text, fs.Read(given));
  }
  QUERN_ASSIGN(const YamlNode node, ParseYaml(text, inline_text ? "--strategy" : given));
  // A project file's section, or its content.
  const YamlNode* section = node.Find("deployment");
  const std::vector<std::string> others{"targets", "log", "explanations"};
  return deploy::ParseStrategy(section != nullptr ? section : &node, others);
}

/// The orders of a store. A closed gate is left in `closed`; with --force it is passed, which is
/// recorded.
deploy::StoreOrders OrdersOf(KeptStore& store, deploy::ReleaseStore& releases,
                             const DeployArgs& args, const Clock& clock,
                             std::optional<registry::GateReport>* closed) {
  deploy::OrderRegistry asked;
  asked.number = [&store](const std::string& model, const std::string& text) {
    return registry::VersionNumber(store.registry(), model, text);
  };
  asked.may_promote = [&, closed](const std::string& model, const std::string& alias,
                                  const std::string& version) -> Status {
    QUERN_ASSIGN(auto gate, registry::AskGate(store.database(), clock, model, alias,
                                              ParseInt(version).value_or(0),
                                              {pipeline::Actor(), args.order.reason, args.force}));
    if (!gate.open) *closed = gate;
    return registry::Allowed(gate);
  };
  return {releases, clock, std::move(asked)};
}

/// What showing a release asks: nothing of the registry.
Result<deploy::StoredRelease> Find(deploy::ReleaseStore& releases, const DeployArgs& args,
                                   const Clock& clock) {
  return deploy::StoreOrders(releases, clock, {}).Find(args.model, args.id);
}

/// Says what a closed gate waits for.
int Refuse(const registry::GateReport& gate, Context& context) {
  context.Complain(registry::Allowed(gate).error());
  return static_cast<int>(Exit::kGateFailed);
}

Result<int> BeginRelease(KeptStore& store, const DeployArgs& args, Context& context) {
  deploy::NewRelease wanted;
  wanted.model = args.model;
  wanted.alias = args.alias;
  wanted.stable = args.stable;
  wanted.candidate = args.candidate;
  wanted.actor = pipeline::Actor();
  QUERN_ASSIGN(wanted.strategy, ReadStrategy(args.strategy, context.fs));
  deploy::ReleaseStore releases(store.database());
  std::optional<registry::GateReport> closed;
  const auto begun = OrdersOf(store, releases, args, context.clock, &closed).Begin(wanted);
  if (closed) return Refuse(*closed, context);
  if (!begun) return std::unexpected(begun.error());
  const deploy::Release& release = begun->release;
  if (context.json) {
    context.PrintJson(deploy::ReleaseJson(release));
  } else {
    context.PrintLine(fmt::format(
        "release {}: {} of {} from version {}; a server of this store "
        "carries it out",
        release.id, deploy::KindName(release.strategy.kind), args.model, release.stable));
  }
  return 0;
}

Status ListReleases(KeptStore& store, const DeployArgs& args, Context& context) {
  deploy::ReleaseStore releases(store.database());
  QUERN_ASSIGN(const auto list, releases.List(args.model, args.limit));
  json::array out;
  std::vector<std::vector<std::string>> table{
      {"release", "begun", "strategy", "from", "to", "state"}};
  for (const deploy::StoredRelease& stored : list) {
    const deploy::Release& r = stored.release;
    out.push_back(deploy::ReleaseJson(r));
    table.push_back({r.id, FormatTime(r.created_ms), std::string(deploy::KindName(r.strategy.kind)),
                     r.stable, Weights(r), Where(r)});
  }
  if (context.json) {
    context.PrintJson(out);
  } else if (list.empty()) {
    context.PrintLine("model '" + args.model + "' has had no release");
  } else {
    context.Print(FormatTable(table));
  }
  return {};
}

Status ShowRelease(KeptStore& store, const DeployArgs& args, Context& context) {
  deploy::ReleaseStore releases(store.database());
  QUERN_ASSIGN(const deploy::StoredRelease stored, Find(releases, args, context.clock));
  QUERN_ASSIGN(const deploy::ShadowReport shadow, releases.Shadow(stored.release.id));
  const deploy::Release& r = stored.release;
  if (context.json) {
    context.PrintJson(json::object{{"release", deploy::ReleaseJson(r)},
                                   {"verdicts", deploy::VerdictsJson(r, context.clock.NowMs())},
                                   {"earned", deploy::EarnedJson(r)},
                                   {"shadow", shadow.Summary()}});
    return {};
  }
  context.PrintLine(fmt::format("release {} of {} ({}), {}", r.id, r.model,
                                deploy::KindName(r.strategy.kind), Where(r)));
  context.PrintLine(fmt::format("version {} is stable; {}", r.stable, Weights(r)));
  if (deploy::Comparing(r)) {
    for (const deploy::Verdict& verdict : deploy::Judge(r, context.clock.NowMs())) {
      context.PrintLine(verdict.sentence);
    }
  }
  for (const deploy::Earned& earned : deploy::EarnedBy(r)) {
    const auto& [won, lost] = earned.rewards;
    context.PrintLine(fmt::format("version {}: {} requests, rewards {} of {}", earned.version,
                                  earned.requests, ShortestDouble(std::round(won * 10) / 10),
                                  ShortestDouble(std::round((won + lost) * 10) / 10)));
  }
  if (shadow.pairs() > 0) {
    const auto differ = shadow.Disagreement();
    context.PrintLine(
        fmt::format("shadow: {} rows, decisions differ in {:.2g} % ({:.2g} to {:.2g} "
                    "%); --json has the whole report",
                    shadow.pairs(), differ.value * 100, differ.low * 100, differ.high * 100));
  }
  return {};
}

Status ShowReleaseLog(KeptStore& store, const DeployArgs& args, Context& context) {
  deploy::ReleaseStore releases(store.database());
  QUERN_ASSIGN(const deploy::StoredRelease stored, Find(releases, args, context.clock));
  QUERN_ASSIGN(const auto audits, releases.Audits(stored.release.id));
  json::array out;
  for (const deploy::ChainedAudit& chained : audits) {
    const deploy::Audit& audit = chained.audit;
    if (!context.json) {
      context.PrintLine(fmt::format("{}  {:<11}  {:<8}  {}", FormatTime(audit.at_ms),
                                    deploy::PhaseName(audit.to), audit.actor, audit.sentence));
      continue;
    }
    QUERN_ASSIGN(json::value record, deploy::AuditJson(chained));
    out.push_back(std::move(record));
  }
  if (context.json) context.PrintJson(out);
  return {};
}

Result<int> GiveOrder(KeptStore& store, deploy::CommandKind kind, const DeployArgs& args,
                      Context& context) {
  deploy::ReleaseStore releases(store.database());
  deploy::Command order = args.order;
  order.kind = kind;
  order.actor = pipeline::Actor();
  std::optional<registry::GateReport> closed;
  const auto done =
      OrdersOf(store, releases, args, context.clock, &closed).Order(args.model, args.id, order);
  if (closed) return Refuse(*closed, context);
  if (!done) return std::unexpected(done.error());
  const deploy::Release& release = done->stored.release;
  if (context.json) {
    context.PrintJson(deploy::ReleaseJson(release));
  } else {
    context.PrintLine(fmt::format("release {} of {} is {}: {}", release.id, args.model,
                                  Where(release), done->sentence));
  }
  return 0;
}

Status ShowSettings(Context& context) {
  context.Print(deploy::SettingsTable());
  return {};
}

using ReleaseWork = std::function<Result<int>(KeptStore&, const DeployArgs&, Context&)>;

/// Of what ends well or with an error.
ReleaseWork Plain(Status (*show)(KeptStore&, const DeployArgs&, Context&)) {
  return [show](KeptStore& store, const DeployArgs& args, Context& context) -> Result<int> {
    QUERN_TRY(show(store, args, context));
    return 0;
  };
}

Verb AddReleaseVerb(Verb deploy, Context& context, const DeployArgsPtr& args, const char* name,
                    const char* doc, ReleaseWork work) {
  Verb verb = deploy.AddVerb(name, doc);
  verb.AddOption("model", args->model, "Name of the registered model").Required();
  AddStoreOptions(verb, *args);
  AddJsonFlag(verb, context);
  verb.OnGiven([args, work, &context] {
    context.action = [args, work, &context] {
      auto store = KeptStore::Open(*args, context);
      if (!store) return context.Complain(store.error());
      const auto done = work(**store, *args, context);
      return done ? *done : context.Complain(done.error());
    };
  });
  return verb;
}

void AddForce(Verb verb, const DeployArgsPtr& args) {
  verb.AddFlag("--force", args->force,
               "Although the gate of the alias is closed; needs --reason, and is recorded");
}

void AddOrder(Verb deploy, Context& context, const DeployArgsPtr& args, deploy::CommandKind kind,
              const char* name, const char* doc) {
  const auto give = [kind](KeptStore& store, const DeployArgs& given, Context& on) {
    return GiveOrder(store, kind, given, on);
  };
  Verb verb = AddReleaseVerb(deploy, context, args, name, doc, give);
  verb.AddOption("--reason", args->order.reason, "Why, for the record");
  if (kind == deploy::CommandKind::kPromote) {
    verb.AddOption("--version", args->order.version, "Which, if there are several candidates");
    AddForce(verb, args);
  }
  if (kind == deploy::CommandKind::kSetWeight) {
    verb.AddOption("weight", args->order.weight, "Percent of the traffic, below 100").Required();
  }
}

}  // namespace

void AddDeploy(Verb app, Context& context) {
  auto args = std::make_shared<DeployArgs>();
  Verb deploy = app.AddVerb("deploy", "Releases: how a version takes over");
  deploy.RequireVerb();
  Verb begin = AddReleaseVerb(deploy, context, args, "begin", "Begin a release", BeginRelease);
  begin.AddOption("--stable", args->stable, "The version that serves now, or an alias")
      .ShowDefault();
  begin.AddOption("--candidate", args->candidate,
                  "The version that is to take over, or an alias; not for `ab` and `bandit`, "
                  "which name theirs");
  begin
      .AddOption("--strategy", args->strategy,
                 "The name of a strategy, or YAML: a file with the settings or a `deployment:` of "
                 "them, or the text itself, as '{strategy: canary, steps: [5, 50]}'")
      .ShowDefault();
  begin.AddOption("--alias", args->alias, "What moves at promotion").ShowDefault();
  begin.AddOption("--reason", args->order.reason, "Why, for the record of an override");
  AddForce(begin, args);
  begin.Footer(
      "Example:\n"
      "  quern deploy begin heart --candidate 4 --strategy '{strategy: canary}'");
  AddReleaseVerb(deploy, context, args, "list", "The releases of a model, newest first",
                 Plain(ListReleases))
      .AddOption("--limit", args->limit, "At most so many")
      .ShowDefault();
  AddReleaseVerb(deploy, context, args, "show", "Where a release is, and its evidence so far",
                 Plain(ShowRelease))
      .AddOption("--id", args->id, "Another than the open or newest one");
  AddReleaseVerb(deploy, context, args, "log", "The audit records of a release, each checked",
                 Plain(ShowReleaseLog))
      .AddOption("--id", args->id, "Another than the open or newest one");
  using deploy::CommandKind;
  AddOrder(deploy, context, args, CommandKind::kPromote, "promote",
           "Give a candidate all of the traffic, and the alias");
  AddOrder(deploy, context, args, CommandKind::kAbort, "abort",
           "Roll back, also while the old version is held");
  AddOrder(deploy, context, args, CommandKind::kPause, "pause", "Leave shares as they are");
  AddOrder(deploy, context, args, CommandKind::kResume, "resume", "Go on after a pause");
  AddOrder(deploy, context, args, CommandKind::kSetWeight, "set-weight",
           "Give a canary another share");
  AddOrder(deploy, context, args, CommandKind::kFinish, "finish",
           "Let the old version of a promoted release go now");
  deploy.AddVerb("settings", "What a strategy may set").OnGiven([&context] {
    context.action = [&context] { return ShowSettings(context) ? 0 : 1; };
  });
}

}  // namespace quern::cli
