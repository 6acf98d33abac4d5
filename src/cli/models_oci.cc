// quern models export and import: a version as an OCI artifact.
#include <fmt/format.h>

#include <boost/json.hpp>
#include <memory>

#include "base/text.h"
#include "cli/models_copy.h"
#include "cli/models_move.h"
#include "cli/state_verb.h"
#include "exchange/oci_artifact.h"

namespace quern::cli {
namespace {

struct OciExportArgs : StateArgs {
  std::string to;
};

struct OciImportArgs {
  std::string project = ".";
  exchange::OciChoice from;
  TakeIn take;
};

Result<int> ExportVersion(const OciExportArgs& args, Context& context) {
  QUERN_ASSIGN(const auto workspace, OpenState(args, Asks::kServerToo, context));
  QUERN_ASSIGN(const exchange::MovingVersion moving, DepartFrom(*workspace, args.what));
  ProgressLine line(context);
  const auto written = exchange::WriteOci(moving, args.to, context.fs, line);
  line.Clear();
  if (!written) return std::unexpected(written.error());
  if (context.json) {
    context.PrintJson(json::object{{"exported", moving.reference()},
                                   {"to", args.to},
                                   {"manifest", written->manifest},
                                   {"ref", written->reference},
                                   {"digest", moving.digest},
                                   {"files", written->files},
                                   {"bytes", written->bytes}});
    return 0;
  }
  context.PrintLine(fmt::format("{} is in {} as {}: {} files, {}, manifest {}", moving.reference(),
                                args.to, written->reference, written->files,
                                FormatBytes(written->bytes), written->manifest));
  return 0;
}

Result<int> ImportVersion(const OciImportArgs& args, Context& context) {
  const TempDir aside;
  // Not at its top: below that a server by its URL looks for packages, as in a state folder.
  const std::string arrived = aside.File("arrived");
  QUERN_TRY(context.fs.MakeDirs(arrived));
  ProgressLine line(context);
  QUERN_ASSIGN(const exchange::MovingVersion moving,
               exchange::ReadOci(args.from, arrived, context.fs, line));
  const std::string name = args.take.as.empty() ? moving.name : args.take.as;
  if (name.empty()) {
    return Fail(Code::kInvalidArgument,
                "'" + args.from.path + "' does not say what the model is called",
                "name it: --as NAME");
  }
  return Deliver(moving, {args.project, name, aside.path(), &line}, args.take, line, context);
}

}  // namespace

void AddModelsOci(Verb models, Context& context) {
  auto to = std::make_shared<OciExportArgs>();
  Verb out =
      models.AddVerb("export", "Write a version as an OCI artifact, for registries of images");
  out.AddOption("version", to->what, "NAME/3, NAME@alias or NAME").Required();
  out.AddOption("--oci", to->to, "A new folder, which gets OCI image layout, or a new .tar of one")
      .Required();
  out.AddOption("--project", to->project, "Project folder").ShowDefault();
  AddJsonFlag(out, context);
  WhenGiven(out, context, [to, &context] { return ExportVersion(*to, context); });
  out.Footer(
      "Examples:\n"
      "  quern models export heart/3 --oci heart.tar\n"
      "  quern models export heart@champion --oci layout\n"
      "  skopeo copy oci:layout:heart-3 docker://registry.example/models/heart:3\n"
      "  oras copy --from-oci-layout layout:heart-3 registry.example/models/heart:3\n"
      "The artifact is one of CNCF's ModelPack: a layer for each file of the package, the "
      "signature\n"
      "(model.sig) among them; name, version, run, digest and metrics are annotations. The same\n"
      "version gives the same digests each time.");

  auto from = std::make_shared<OciImportArgs>();
  Verb in = models.AddVerb("import", "Register a version from an OCI artifact");
  in.AddOption("--oci", from->from.path, "A folder in OCI image layout, or a .tar of one")
      .Required();
  in.AddOption("--ref", from->from.reference,
               "Which of several models in it: its ref.name, or sha256:DIGEST of its manifest");
  in.AddOption("--project", from->project,
               "Project folder, or a server's address, to register it in")
      .ShowDefault();
  AddTakeIn(in, from->take);
  AddJsonFlag(in, context);
  WhenGiven(in, context, [from, &context] { return ImportVersion(*from, context); });
  in.Footer(
      "Examples:\n"
      "  quern models import --oci heart.tar\n"
      "  skopeo copy docker://registry.example/models/heart:3 oci:layout:heart-3\n"
      "  quern models import --oci layout --ref heart-3 --as cardio --verify-key release.pem\n"
      "Every digest is checked, then the package's own. Importing again adds nothing.");
}

}  // namespace quern::cli
