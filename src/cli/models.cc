// quern models: the registry, and aliases that are moved by hand.
#include <fmt/format.h>

#include <boost/json.hpp>

#include "base/text.h"
#include "base/time.h"
#include "cli/models_card.h"
#include "cli/models_copy.h"
#include "cli/models_move.h"
#include "cli/models_plan.h"
#include "cli/models_policy.h"
#include "cli/models_review.h"
#include "cli/models_sign.h"
#include "cli/project_state.h"
#include "cli/state_verb.h"
#include "registry/signature.h"

namespace quern::cli {
namespace {

/// Where a version's files are: a folder, or a URI.
std::string PlaceOf(pipeline::Workspace& workspace, const registry::ModelVersion& version) {
  const std::string folder = version.path.empty() ? "" : workspace.Path(version.path);
  const bool here = workspace.server() == nullptr || workspace.fs().Exists(folder);
  return folder.empty() || !here ? version.storage : folder;
}

int SetAlias(pipeline::Workspace& workspace, const StateArgs& args, Context& context) {
  registry::PackageRegistry& registry = workspace.registry();
  const auto version = registry.Resolve(args.what);
  if (!version) return context.Complain(version.error());
  if (const Status declared = DeclarePolicies(workspace, version->name); !declared) {
    return context.Complain(declared.error());
  }
  const std::string reason = args.reason.empty() && !args.force ? "set by hand" : args.reason;
  const std::string& name = version->name;
  if (args.force) {
    const Status forced = registry.ForceAlias(name, args.set_alias, version->version, reason);
    return forced ? 0 : context.Complain(forced.error());
  }
  const auto gate = registry.Gate(name, args.set_alias, version->version);
  if (!gate) return context.Complain(gate.error());
  if (const Status allowed = registry::Allowed(*gate); !allowed) {
    context.Complain(allowed.error());
    return static_cast<int>(Exit::kGateFailed);
  }
  const Status set = registry.SetAlias(name, args.set_alias, version->version, reason);
  return set ? 0 : context.Complain(set.error());
}

Status ShowModels(pipeline::Workspace& workspace, const StateArgs& args, Context& context) {
  QUERN_ASSIGN(const auto versions, workspace.registry().List(args.what));
  if (versions.empty() && !args.what.empty()) {
    return Fail(Code::kNotFound, "no version of a model '" + args.what + "' is registered",
                "`quern models` lists all models, `quern models --help` what can be asked of one");
  }
  if (context.json) {
    json::array list;
    for (const auto& version : versions) {
      json::array aliases;
      for (const auto& alias : version.aliases) aliases.emplace_back(alias);
      list.push_back(json::object{{"name", version.name},
                                  {"version", version.version},
                                  {"aliases", std::move(aliases)},
                                  {"digest", version.digest},
                                  {"path", PlaceOf(workspace, version)},
                                  {"run_id", version.run_id},
                                  {"signed_by", registry::SignerOf(registry::SignatureOf(version))},
                                  {"created", FormatTime(version.created_ms)}});
    }
    context.PrintJson(json::object{{"versions", std::move(list)}});
    return {};
  }
  std::vector<std::vector<std::string>> table{
      {"model", "version", "aliases", "created", "package"}};
  for (const auto& version : versions) {
    table.push_back({version.name, std::to_string(version.version), Join(version.aliases, ", "),
                     FormatTime(version.created_ms), PlaceOf(workspace, version)});
  }
  context.Print(FormatTable(table));
  return {};
}

int RunModels(const StateArgs& args, Context& context) {
  auto workspace = OpenState(args, Asks::kServerToo, context);
  if (!workspace) return context.Complain(workspace.error());
  if (!args.set_alias.empty()) return SetAlias(**workspace, args, context);
  const Status shown = ShowModels(**workspace, args, context);
  return shown ? 0 : context.Complain(shown.error());
}

}  // namespace

void AddModels(Verb app, Context& context) {
  auto args = std::make_shared<StateArgs>();
  Verb verb = app.AddVerb("models", "Registered models: versions, aliases, reviews, log");
  verb.AddOption("model", args->what, "One model; with --set-alias: NAME/VERSION");
  verb.AddOption("--project", args->project, "Project folder").ShowDefault();
  verb.AddOption("--set-alias", args->set_alias,
                 "Point this alias at NAME/VERSION (roll back: champion)");
  verb.AddOption("--reason", args->reason, "Why, for the log");
  verb.AddFlag("--force", args->force,
               "Move the alias although its gate is closed; needs --reason, and is recorded");
  AddJsonFlag(verb, context);
  AddModelsPlan(verb, context);
  AddModelsReview(verb, context);
  AddModelsPolicy(verb, context);
  AddModelsCard(verb, context);
  AddModelsSign(verb, context);
  AddModelsRename(verb, context);
  AddModelsCopy(verb, context);
  AddModelsOci(verb, context);
  verb.OnGiven([args, &context] {
    if (context.action) return;  // a verb below this one was asked for
    context.action = [args, &context] { return RunModels(*args, context); };
  });
}

}  // namespace quern::cli
