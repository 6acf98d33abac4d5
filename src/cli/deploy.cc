// quern deploy: releases of a store, begun, watched and ordered about. A server of the store
// follows what is written here within seconds.
#include <fmt/format.h>

#include <boost/json.hpp>
#include <functional>
#include <memory>
#include <optional>

#include "base/ids.h"
#include "base/text.h"
#include "cli/command.h"
#include "cli/kept_store.h"
#include "deploy/release_store.h"
#include "deploy/strategy.h"
#include "pipeline/workspace.h"

namespace quern::cli {
namespace {

struct DeployArgs : StoreArgs {
  std::string model;
  std::string stable = "champion";
  std::string candidate;
  std::string strategy = "{strategy: basic}";
  std::string alias = "champion";
  std::string id;
  deploy::Command order;
  bool force = false;
  int limit = 20;
};
using Args = std::shared_ptr<DeployArgs>;

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

/// A file, or the text itself.
Result<deploy::Strategy> ReadStrategy(const std::string& given, Fs& fs) {
  const bool inline_text = given.find('{') != std::string::npos;
  std::string text = given;
  if (!inline_text) {
    QUERN_ASSIGN(text, fs.Read(given));
  }
  QUERN_ASSIGN(const YamlNode node, ParseYaml(text, inline_text ? "--strategy" : given));
  // A project file's section, or its content.
  const YamlNode* section = node.Find("deployment");
  const std::vector<std::string> others{"targets", "log", "explanations"};
  return deploy::ParseStrategy(section != nullptr ? section : &node, others);
}

/// A version, or what an alias points at.
Result<std::string> ReadVersion(KeptStore& store, const std::string& model,
                                const std::string& text) {
  if (const auto number = ParseInt(text)) {
    QUERN_TRY(store.registry().Get(model, *number));
    return std::to_string(*number);
  }
  QUERN_ASSIGN(const auto version, store.registry().ByAlias(model, text));
  if (version) return std::to_string(version->version);
  return Fail(Code::kNotFound, "model '" + model + "' has no version or alias '" + text + "'",
              "`quern models " + model + "` lists them");
}

/// The release that is meant: by id, else the open one, else the newest.
Result<deploy::StoredRelease> Find(deploy::ReleaseStore& releases, const DeployArgs& args) {
  if (!args.id.empty()) return releases.Get(args.id);
  QUERN_ASSIGN(auto open, releases.Unfinished(args.model));
  if (open) return std::move(*open);
  QUERN_ASSIGN(auto newest, releases.List(args.model, 1));
  if (!newest.empty()) return std::move(newest[0]);
  return Fail(Code::kNotFound, "model '" + args.model + "' has had no release",
              "`quern deploy begin` starts one");
}

struct Ordered {
  deploy::StoredRelease stored;
  std::string sentence;  // of the audit record
};

/// Whether a version may be promoted.
using May = std::function<Status(const deploy::Release& promoted)>;

/// A server may write its counters at the same moment: then what it wrote is read, and the order
/// is given again.
Result<Ordered> Order(deploy::ReleaseStore& releases, const DeployArgs& args,
                      const deploy::Command& order, const Clock& clock, const May& may) {
  for (int attempt = 0;; ++attempt) {
    QUERN_ASSIGN(const deploy::StoredRelease stored, Find(releases, args));
    QUERN_ASSIGN(const deploy::Transition next,
                 deploy::Advance(stored.release, order, clock.NowMs()));
    if (order.kind == deploy::CommandKind::kPromote) QUERN_TRY(may(next.release));
    auto saved = releases.Save(stored, next);
    if (!saved && saved.error().code == Code::kAborted && attempt < 5) continue;
    if (!saved) return std::unexpected(saved.error());
    return Ordered{std::move(*saved), next.audit->sentence};
  }
}

/// A promoted release whose old version is still held gives way to the next one.
Status EndHold(deploy::ReleaseStore& releases, const DeployArgs& args, const std::string& actor,
               const Clock& clock) {
  QUERN_ASSIGN(const auto open, releases.Unfinished(args.model));
  if (!open || open->release.phase != deploy::Phase::kPromoted) return {};
  deploy::Command finish;
  finish.kind = deploy::CommandKind::kFinish;
  finish.actor = actor;
  QUERN_TRY(Order(releases, args, finish, clock, {}));
  return {};
}

/// Whether the gate of the alias is open to a version; with --force that is recorded as an
/// override.
Result<registry::GateReport> AskGate(KeptStore& store, const DeployArgs& args,
                                     const std::string& alias, const std::string& version,
                                     const Clock& clock) {
  const int64_t number = ParseInt(version).value_or(0);
  QUERN_ASSIGN(auto gate, store.registry().Gate(args.model, alias, number));
  if (gate.open || !args.force) return gate;
  registry::Reviews reviews(store.database(), clock, pipeline::Actor());
  QUERN_TRY(reviews.Override(args.model, alias, number, args.order.reason));
  return store.registry().Gate(args.model, alias, number);
}

/// Says what a closed gate waits for.
int Refuse(const registry::GateReport& gate, Context& context) {
  context.Complain(registry::Allowed(gate).error());
  return static_cast<int>(Exit::kGateFailed);
}

Result<int> BeginRelease(KeptStore& store, const DeployArgs& args, Context& context) {
  deploy::NewRelease wanted;
  wanted.id = NewUuid7(context.clock);
  wanted.model = args.model;
  wanted.alias = args.alias;
  wanted.actor = pipeline::Actor();
  QUERN_ASSIGN(wanted.strategy, ReadStrategy(args.strategy, context.fs));
  QUERN_ASSIGN(wanted.stable, ReadVersion(store, args.model, args.stable));
  if (!args.candidate.empty()) {
    QUERN_ASSIGN(wanted.candidate, ReadVersion(store, args.model, args.candidate));
  }
  for (deploy::VersionShare& share : wanted.strategy.versions) {
    QUERN_ASSIGN(share.version, ReadVersion(store, args.model, share.version));
  }
  QUERN_ASSIGN(const deploy::Transition begun, deploy::Begin(wanted, context.clock.NowMs()));
  if (wanted.strategy.kind == deploy::StrategyKind::kBasic) {
    QUERN_ASSIGN(const auto gate,
                 AskGate(store, args, wanted.alias, wanted.candidate, context.clock));
    if (!gate.open) return Refuse(gate, context);
  }
  deploy::ReleaseStore releases(store.database());
  QUERN_TRY(EndHold(releases, args, wanted.actor, context.clock));
  QUERN_TRY(releases.Create(begun));
  if (context.json) {
    context.PrintJson(deploy::ReleaseJson(begun.release));
  } else {
    context.PrintLine(
        fmt::format("release {}: {} of {} from version {}; a server of this store "
                    "carries it out",
                    wanted.id, deploy::KindName(wanted.strategy.kind), args.model, wanted.stable));
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
  QUERN_ASSIGN(const deploy::StoredRelease stored, Find(releases, args));
  QUERN_ASSIGN(const deploy::ShadowReport shadow, releases.Shadow(stored.release.id));
  const deploy::Release& r = stored.release;
  const std::vector<deploy::Verdict> verdicts = deploy::Judge(r, context.clock.NowMs());
  if (context.json) {
    json::array all;
    for (const deploy::Verdict& verdict : verdicts) all.push_back(deploy::VerdictJson(verdict));
    context.PrintJson(json::object{{"release", deploy::ReleaseJson(r)},
                                   {"verdicts", std::move(all)},
                                   {"shadow", shadow.Summary()}});
    return {};
  }
  context.PrintLine(fmt::format("release {} of {} ({}), {}", r.id, r.model,
                                deploy::KindName(r.strategy.kind), Where(r)));
  context.PrintLine(fmt::format("version {} is stable; {}", r.stable, Weights(r)));
  if (deploy::Comparing(r)) {
    for (const deploy::Verdict& verdict : verdicts) context.PrintLine(verdict.sentence);
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

Status ShowLog(KeptStore& store, const DeployArgs& args, Context& context) {
  deploy::ReleaseStore releases(store.database());
  QUERN_ASSIGN(const deploy::StoredRelease stored, Find(releases, args));
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
  const auto may = [&](const deploy::Release& promoted) -> Status {
    QUERN_ASSIGN(auto gate, AskGate(store, args, promoted.alias, promoted.winner, context.clock));
    if (!gate.open) closed = gate;
    return registry::Allowed(gate);
  };
  const auto done = Order(releases, args, order, context.clock, may);
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

using Work = std::function<Result<int>(KeptStore&, const DeployArgs&, Context&)>;

/// Of what ends well or with an error.
Work Plain(Status (*show)(KeptStore&, const DeployArgs&, Context&)) {
  return [show](KeptStore& store, const DeployArgs& args, Context& context) -> Result<int> {
    QUERN_TRY(show(store, args, context));
    return 0;
  };
}

Verb AddWork(Verb deploy, Context& context, const Args& args, const char* name, const char* doc,
             Work work) {
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

void AddForce(Verb verb, const Args& args) {
  verb.AddFlag("--force", args->force,
               "Although the gate of the alias is closed; needs --reason, and is recorded");
}

void AddOrder(Verb deploy, Context& context, const Args& args, deploy::CommandKind kind,
              const char* name, const char* doc) {
  const auto give = [kind](KeptStore& store, const DeployArgs& given, Context& on) {
    return GiveOrder(store, kind, given, on);
  };
  Verb verb = AddWork(deploy, context, args, name, doc, give);
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
  Verb begin = AddWork(deploy, context, args, "begin", "Begin a release", BeginRelease);
  begin.AddOption("--stable", args->stable, "The version that serves now, or an alias")
      .ShowDefault();
  begin.AddOption("--candidate", args->candidate,
                  "The version that is to take over, or an alias; not for `ab` and `bandit`, "
                  "which name theirs");
  begin
      .AddOption("--strategy", args->strategy,
                 "YAML: a file with the settings or a `deployment:` of them, or the text itself, "
                 "as '{strategy: canary, steps: [5, 50]}'")
      .ShowDefault();
  begin.AddOption("--alias", args->alias, "What moves at promotion").ShowDefault();
  begin.AddOption("--reason", args->order.reason, "Why, for the record of an override");
  AddForce(begin, args);
  begin.Footer(
      "Example:\n"
      "  quern deploy begin heart --candidate 4 --strategy '{strategy: canary}'");
  AddWork(deploy, context, args, "list", "The releases of a model, newest first",
          Plain(ListReleases))
      .AddOption("--limit", args->limit, "At most so many")
      .ShowDefault();
  AddWork(deploy, context, args, "show", "Where a release is, and its evidence so far",
          Plain(ShowRelease))
      .AddOption("--id", args->id, "Another than the open or newest one");
  AddWork(deploy, context, args, "log", "The audit records of a release, each checked",
          Plain(ShowLog))
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
