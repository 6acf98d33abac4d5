// quern models copy: a version with its package into another registry.
#include "cli/models_copy.h"

#include <fmt/format.h>

#include <boost/json.hpp>
#include <memory>

#include "cli/state_verb.h"
#include "cli/trusted_keys.h"
#include "registry/facts.h"
#include "registry/names.h"
#include "registry/signature.h"

namespace quern::cli {
namespace {

using Kind = exchange::CopyOutcome::Kind;

struct CopyArgs : StateArgs {
  std::string to;
  TakeIn take;
};

std::string ReferenceOf(const registry::ModelVersion& version) {
  return version.name + "/" + std::to_string(version.version);
}

void ShowCopy(const exchange::MovingVersion& moving, const exchange::CopyOutcome& outcome,
              const std::string& place, Context& context) {
  const std::string reference = ReferenceOf(outcome.version);
  const std::string signer = registry::SignerOf(registry::SignatureOf(outcome.version));
  if (context.json) {
    context.PrintJson(json::object{{"outcome", outcome.kind == Kind::kAdded   ? "copied"
                                               : outcome.kind == Kind::kThere ? "there"
                                                                              : "signed"},
                                   {"from", json::object{{"registry", moving.registry},
                                                         {"name", moving.name},
                                                         {"version", moving.version}}},
                                   {"to", json::object{{"registry", place},
                                                       {"name", outcome.version.name},
                                                       {"version", outcome.version.version}}},
                                   {"copied_from", outcome.copied_from},
                                   {"digest", moving.digest},
                                   {"signed_by", signer}});
    return;
  }
  const std::string what = moving.reference() + " of " + moving.registry;
  if (outcome.kind == Kind::kAdded) {
    context.PrintLine(fmt::format("copied {} to {} of {}: package {}{}", what, reference, place,
                                  moving.digest.substr(0, 16),
                                  signer.empty() ? "" : ", signed with the key " + signer));
    return;
  }
  const std::string origin =
      outcome.copied_from.empty() ? "which was trained there" : "a copy of " + outcome.copied_from;
  context.PrintLine(fmt::format(
      "{} is there already: {} of {} is the same package, {}; {}", what, reference, place, origin,
      outcome.kind == Kind::kThere ? "nothing was added"
                                   : "the signature with the key " + signer + " was added"));
}

/// The alias, if its gate lets the version have it.
Result<int> SetAlias(RegistryPlace& place, const exchange::CopyOutcome& outcome, const TakeIn& take,
                     Context& context) {
  const registry::ModelVersion& version = outcome.version;
  registry::PackageRegistry& registry = place.registry();
  QUERN_TRY(place.DeclarePolicies(version.name));
  QUERN_ASSIGN(const auto gate, registry.Gate(version.name, take.alias, version.version));
  if (const Status allowed = registry::Allowed(gate); !allowed) {
    context.Complain(allowed.error());
    return static_cast<int>(Exit::kGateFailed);
  }
  QUERN_TRY(registry.SetAlias(version.name, take.alias, version.version,
                              take.reason.empty() ? "asked for with the copy" : take.reason));
  if (!context.json) {
    context.PrintLine(fmt::format("{}@{} is {}", version.name, take.alias, ReferenceOf(version)));
  }
  return 0;
}

Result<int> Copy(const CopyArgs& args, Context& context) {
  QUERN_ASSIGN(const auto workspace, OpenState(args, Asks::kServerToo, context));
  QUERN_ASSIGN(const exchange::MovingVersion moving, DepartFrom(*workspace, args.what));
  ProgressLine line(context);
  const PlaceAsked place{args.to, args.take.as.empty() ? moving.name : args.take.as,
                         workspace->dir(), &line};
  return Deliver(moving, place, args.take, line, context);
}

}  // namespace

Result<exchange::MovingVersion> DepartFrom(pipeline::Workspace& workspace,
                                           const std::string& reference) {
  QUERN_ASSIGN(const auto version, workspace.registry().Resolve(reference));
  QUERN_ASSIGN(const std::string folder, workspace.PackageFolder(version));
  QUERN_ASSIGN(const auto model, workspace.registry().Model(version.name));
  const std::string place =
      workspace.server() == nullptr ? workspace.place() : workspace.server()->url();
  QUERN_ASSIGN(auto moving, exchange::Depart(version, folder, place,
                                             model ? model->description : "", workspace.fs()));
  if (workspace.server() != nullptr) return moving;  // facts that it has are tags already
  QUERN_ASSIGN(const auto dossier,
               registry::ReadDossier(workspace.database(), workspace.dir(), workspace.fs(),
                                     version.name, version.version));
  const std::string facts = registry::TravellingFacts(dossier);
  if (!facts.empty()) moving.tags[registry::kFactsTag] = facts;
  return moving;
}

void AddTakeIn(Verb verb, TakeIn& take) {
  verb.AddOption("--as", take.as, "The model's name there, if it is to have another");
  verb.AddOption("--alias", take.alias,
                 "Point this alias at it there, if its gate is open; no alias comes along");
  verb.AddOption("--reason", take.reason, "Why the alias moves, for the log");
  verb.AddOption("--verify-key", take.verify_keys,
                 "PEM file of a public key that must have signed it: others are refused. Again for "
                 "more keys (default: registry.signatures of the quern.yaml there, if it requires "
                 "them)")
      .OneEachTime();
}

Result<int> Deliver(const exchange::MovingVersion& moving, const PlaceAsked& asked,
                    const TakeIn& take, ProgressLine& line, Context& context) {
  if (!take.alias.empty()) QUERN_TRY(registry::CheckNewAlias(take.alias));
  QUERN_ASSIGN(const auto place, RegistryPlace::Open(asked, context));
  QUERN_ASSIGN(const auto trust, place->Requires(take.verify_keys, context.fs));
  if (!trust.empty()) QUERN_TRY(trust.Check(moving.folder, moving.signature, context.fs));
  const exchange::CopyTarget target = place->target();
  const auto outcome =
      exchange::CopyVersion(moving, target, asked.model, context.fs, context.clock, line);
  line.Clear();
  if (!outcome) return std::unexpected(outcome.error());
  ShowCopy(moving, *outcome, target.place, context);
  return take.alias.empty() ? Result<int>(0) : SetAlias(*place, *outcome, take, context);
}

void AddModelsCopy(Verb models, Context& context) {
  auto args = std::make_shared<CopyArgs>();
  Verb verb = models.AddVerb(
      "copy", "Copy a version into another registry: package, tags, description, signature");
  verb.AddOption("version", args->what, "NAME/3, NAME@alias or NAME").Required();
  verb.AddOption("--to", args->to,
                 "Another project's folder, or the address of a `quern server` or any MLflow "
                 "server: http://HOST:PORT")
      .Required();
  verb.AddOption("--project", args->project, "Project folder that it comes from").ShowDefault();
  AddTakeIn(verb, args->take);
  AddJsonFlag(verb, context);
  verb.Footer(
      "Examples:\n"
      "  quern models copy heart/3 --to ../production\n"
      "  quern models copy heart@champion --to http://registry:5000 --as cardio\n"
      "  quern models copy heart/3 --to ../production --alias champion --reason 'passed the "
      "pilot'\n"
      "The copy gets the next number of the model there. Its tags quern.copied_from… say where it\n"
      "comes from, the registry's log there says who copied it. Copying again adds nothing.\n"
      "Approvals, checks and aliases stay behind: the gates there judge by what is known there.\n"
      "Credentials for a server: MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD, or\n"
      "MLFLOW_TRACKING_TOKEN.");
  WhenGiven(verb, context, [args, &context] { return Copy(*args, context); });
}

}  // namespace quern::cli
