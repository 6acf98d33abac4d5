// quern backup and quern restore: a whole copy of a store, and the way back.
#include "upkeep/backup.h"

#include <fmt/format.h>

#include <boost/json.hpp>
#include <optional>

#include "base/text.h"
#include "cli/kept_store.h"
#include "cli/places.h"
#include "cli/progress_line.h"
#include "pipeline/workspace.h"
#include "upkeep/absolute.h"
#include "upkeep/restore.h"

namespace quern::cli {
namespace {

struct BackupArgs : StoreArgs {
  std::string to;
  bool without_artifacts = false;
};

struct RestoreArgs : StoreArgs {
  std::string from;
  bool check = false;
  bool replace = false;
};

json::object ManifestJson(const upkeep::BackupManifest& manifest) {
  const bool postgres = manifest.database.dialect == store::Dialect::kPostgres;
  return {{"created", FormatTime(manifest.created_ms)},
          {"program", manifest.program},
          {"database",
           {{"engine", postgres ? "postgresql" : "sqlite"}, {"schema", manifest.database.schema}}},
          {"artifacts", manifest.artifacts},
          {"files", manifest.files},
          {"bytes", manifest.bytes}};
}

std::string InWords(const upkeep::BackupManifest& manifest) {
  return fmt::format("{} files, {}{}", manifest.files, FormatBytes(manifest.bytes),
                     manifest.artifacts ? "" : ", without artifacts");
}

Status MakeBackup(const BackupArgs& args, Context& context) {
  QUERN_ASSIGN(const auto store, KeptStore::Open(args, context));
  upkeep::BackupSource source;
  source.state_dir = store->state_dir();
  source.database = store->database_name();
  source.artifacts_destination = store->artifacts().destination_name();
  source.artifacts = &store->artifacts().destination();
  source.with_artifacts = !args.without_artifacts;
  std::optional<ProgressLine> progress(std::in_place, context);
  QUERN_ASSIGN(const auto manifest, upkeep::BackUp(source, args.to, context.fs, context.clock,
                                                   context.cancel, *progress));
  progress.reset();
  if (context.json) {
    json::object out = ManifestJson(manifest);
    out["path"] = args.to;
    context.PrintJson(out);
  } else {
    context.PrintLine("backup: " + args.to + " (" + InWords(manifest) + ")");
  }
  return {};
}

Status PutBack(const RestoreArgs& args, const upkeep::CheckedBackup& backup, Context& context,
               json::object* out) {
  upkeep::RestoreTarget target;
  target.state_dir = upkeep::AbsolutePath(StateFolderOf(args.root, context.fs));
  target.database = args.backend_store_uri;
  target.replace = args.replace;
  // A run of the project in the folder must not go on into one that is put aside.
  std::unique_ptr<pipeline::ProjectLock> lock;
  if (args.replace && context.fs.Exists(target.state_dir)) {
    QUERN_ASSIGN(lock, pipeline::ProjectLock::Acquire(target.state_dir, 0));
  }
  // Where an artifact store elsewhere has its scratch: the folder is only to be made.
  const TempDir scratch;
  std::unique_ptr<server::ArtifactStores> artifacts;
  if (!args.artifacts_destination.empty()) {
    server::ArtifactSettings settings;
    settings.destination = args.artifacts_destination;
    settings.packages = scratch.File("packages");
    settings.scratch = scratch.File("uploads");
    QUERN_ASSIGN(artifacts, server::ArtifactStores::Open(settings, context.fs, context.clock));
    target.artifacts = &artifacts->destination();
    target.artifacts_destination = artifacts->destination_name();
  }
  std::optional<ProgressLine> progress(std::in_place, context);
  QUERN_ASSIGN(const auto restored, upkeep::Restore(backup, target, context.fs, context.clock,
                                                    context.cancel, *progress));
  progress.reset();
  (*out)["state"] = target.state_dir;
  (*out)["replaced"] = restored.replaced;
  if (context.json) return {};
  context.PrintLine("restored: " + target.state_dir + " (" + InWords(backup.manifest) + ")");
  if (!restored.replaced.empty()) {
    context.PrintLine("what was there is in " + restored.replaced + "; remove it when all is well");
  }
  if (!backup.manifest.artifacts) {
    context.PrintLine("the backup has no artifacts: they are where they were, in " +
                      backup.manifest.artifacts_destination);
  }
  return {};
}

Status RunRestore(const RestoreArgs& args, Context& context) {
  std::optional<ProgressLine> progress(std::in_place, context);
  QUERN_ASSIGN(const auto backup,
               upkeep::CheckBackup(args.from, context.fs, context.cancel, *progress));
  progress.reset();
  json::object out = ManifestJson(backup.manifest);
  if (!args.check) {
    QUERN_TRY(PutBack(args, backup, context, &out));
  } else if (!context.json) {
    context.PrintLine(args.from + " is whole: " + InWords(backup.manifest) + ", of " +
                      FormatTime(backup.manifest.created_ms));
  }
  if (context.json) context.PrintJson(out);
  return {};
}

}  // namespace

void AddBackup(Verb app, Context& context) {
  auto args = std::make_shared<BackupArgs>();
  Verb verb = app.AddVerb("backup",
                          "Copy a whole store, database and files, while servers and runs use it");
  verb.AddOption("folder", args->to, "A new folder for the copy").Required();
  AddStoreOptions(verb, *args);
  verb.AddFlag("--without-artifacts", args->without_artifacts,
               "Leave the artifacts of runs out, such as those of a bucket that is kept safe "
               "otherwise");
  AddJsonFlag(verb, context);
  verb.Footer(
      "Example:\n  quern backup /mnt/backups/$(date +%F) --root ~/experiments\n"
      "  quern restore /mnt/backups/2026-11-28 --check");
  verb.OnGiven([args, &context] {
    context.action = [args, &context] {
      const Status status = MakeBackup(*args, context);
      return status ? 0 : context.Complain(status.error());
    };
  });
}

void AddRestore(Verb app, Context& context) {
  auto args = std::make_shared<RestoreArgs>();
  Verb verb =
      app.AddVerb("restore", "Put a backup back into a new folder, or look whether it is whole");
  verb.AddOption("backup", args->from, "The folder that `quern backup` made").Required();
  verb.AddOption("--root,--project", args->root, "The folder of the project or server")
      .ShowDefault();
  verb.AddOption("--backend-store-uri", args->backend_store_uri,
                 "Where the database goes; by default quern.db below --root. A backup of "
                 "PostgreSQL needs postgresql://…")
      .Env("MLFLOW_BACKEND_STORE_URI");
  verb.AddOption("--artifacts-destination", args->artifacts_destination,
                 "The folder or s3://BUCKET/PREFIX that artifacts go to; by default below --root")
      .Env("MLFLOW_ARTIFACTS_DESTINATION");
  verb.AddFlag("--replace", args->replace,
               "Put it in place of what is there; the old folder is kept beside it, an old "
               "PostgreSQL database is not");
  verb.AddFlag("--check", args->check, "Only read the backup and say whether it is whole");
  AddJsonFlag(verb, context);
  verb.OnGiven([args, &context] {
    context.action = [args, &context] {
      const Status status = RunRestore(*args, context);
      return status ? 0 : context.Complain(status.error());
    };
  });
}

}  // namespace quern::cli
