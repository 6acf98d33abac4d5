// quern models plan: which engine answers for a model, why, and in which steps.
#include "cli/models_plan.h"

#include <memory>

#include "base/text.h"
#include "cli/command.h"
#include "cli/places.h"
#include "cli/project_state.h"
#include "model/engine_choice.h"
#include "model/onnx_file.h"
#include "pipeline/workspace.h"
#include "server/model_references.h"

namespace quern::cli {
namespace {

struct PlanArgs {
  std::string model;
  std::string project = ".";
  std::string engine = "auto";
};

/// The graph of a .onnx file, of a package folder, or of a registered version.
Result<std::string> ReadOnnx(const PlanArgs& args, Context& context) {
  if (args.model.ends_with(".onnx")) return model::ReadOnnxFile(args.model, context.fs);
  const std::string file = JoinPath(args.model, "model.onnx");
  if (context.fs.Exists(file)) return model::ReadOnnxFile(file, context.fs);
  const std::string state = StateFolder(args.project, context.fs);
  QUERN_ASSIGN(const auto options, OptionsFor(state, context));
  const auto opened = pipeline::Workspace::Open(state, options, context.fs, context.clock);
  if (!opened) {
    return std::unexpected(server::NotFoundAsPath(args.model, opened.error(), context.fs));
  }
  pipeline::Workspace& workspace = **opened;
  const auto version = workspace.registry().Resolve(args.model);
  if (!version) {
    return std::unexpected(server::NotFoundAsPath(args.model, version.error(), context.fs));
  }
  QUERN_ASSIGN(const std::string folder, workspace.PackageFolder(*version));
  return model::ReadOnnxFile(JoinPath(folder, "model.onnx"), context.fs);
}

int ShowPlan(const PlanArgs& args, Context& context) {
  const auto preference = model::ParseEnginePreference(args.engine);
  if (!preference) return context.Complain(preference.error());
  const auto onnx = ReadOnnx(args, context);
  if (!onnx) return context.Complain(onnx.error());
  const auto chosen = model::ChooseEngine(*onnx, *preference);
  if (!chosen) return context.Complain(chosen.error());
  if (context.json) {
    context.PrintLine(chosen->plan.ToJson());
  } else {
    context.Print(chosen->plan.ToText());
  }
  return 0;
}

}  // namespace

void AddModelsPlan(Verb models, Context& context) {
  auto args = std::make_shared<PlanArgs>();
  Verb verb = models.AddVerb("plan", "Which engine answers for a model, why, and in which steps");
  verb.AddOption("model", args->model,
                 "NAME@alias, NAME/3, NAME, a package folder, or a .onnx file")
      .Required();
  verb.AddOption("--project", args->project, "Project folder").ShowDefault();
  verb.AddOption("--engine", args->engine,
                 "auto is the compiled engine if it covers the model, else ONNX Runtime")
      .OneOf({"auto", "compiled", "onnxruntime"})
      .ShowDefault();
  AddJsonFlag(verb, context);
  verb.OnGiven(
      [args, &context] { context.action = [args, &context] { return ShowPlan(*args, context); }; });
}

}  // namespace quern::cli
