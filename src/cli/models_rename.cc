// quern models rename: a registered model under another name.
#include <fmt/format.h>

#include <boost/json.hpp>
#include <memory>

#include "cli/models_move.h"
#include "cli/state_verb.h"
#include "pipeline/project.h"

namespace quern::cli {
namespace {

struct RenameArgs : StateArgs {
  std::string new_name;
};

/// Whether the project that the state is of registers its versions under `name`.
Result<bool> IsOfProject(pipeline::Workspace& workspace, const std::string& name) {
  if (BaseName(workspace.dir()) != ".quern") return false;
  QUERN_ASSIGN(const auto project,
               pipeline::LoadPolicies(DirName(workspace.dir()), workspace.fs()));
  return project && project->name == name;
}

Result<int> Rename(const RenameArgs& args, Context& context) {
  QUERN_ASSIGN(const auto workspace, OpenState(args, Asks::kServerToo, context));
  registry::PackageRegistry& registry = workspace->registry();
  QUERN_TRY(registry.Rename(args.what, args.new_name, args.reason));
  QUERN_ASSIGN(const bool project, IsOfProject(*workspace, args.what));
  const bool again = project && args.what != args.new_name;
  if (context.json) {
    context.PrintJson(json::object{
        {"renamed", args.what}, {"name", args.new_name}, {"project_keeps_name", again}});
    return 0;
  }
  context.PrintLine(fmt::format("{} is now {}", args.what, args.new_name));
  if (again) {
    context.PrintLine(
        fmt::format("the project is still called {0}: its next run registers a model {0}. To go on "
                    "with {1}, change `project:` in quern.yaml",
                    args.what, args.new_name));
  }
  return 0;
}

}  // namespace

void AddModelsRename(Verb models, Context& context) {
  auto args = std::make_shared<RenameArgs>();
  Verb verb = models.AddVerb("rename", "Give a registered model another name");
  verb.AddOption("name", args->what, "The model").Required();
  verb.AddOption("new_name", args->new_name, "Its new name: no '/' or ':'").Required();
  verb.AddOption("--project", args->project, "Project folder").ShowDefault();
  verb.AddOption("--reason", args->reason, "Why, for the log");
  AddJsonFlag(verb, context);
  verb.Footer(
      "Examples:\n  quern models rename heart cardio --reason 'one name for all clinics'\n"
      "Versions, tags, aliases, reviews and policies go along, and the log keeps what happened\n"
      "under the earlier name. Who asks for the old name finds nothing: change what serves it.");
  WhenGiven(verb, context, [args, &context] { return Rename(*args, context); });
}

}  // namespace quern::cli
