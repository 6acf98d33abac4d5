#include "cli/kept_store.h"

#include <CLI/CLI.hpp>

#include "base/text.h"
#include "cli/places.h"
#include "pipeline/workspace.h"
#include "server/served_places.h"
#include "store/open.h"

namespace quern::cli {

void AddStoreOptions(CLI::App& verb, StoreArgs& args) {
  verb.add_option("--root,--project", args.root, "The folder of the project or of the server")
      ->capture_default_str();
  verb.add_option(
          "--backend-store-uri", args.backend_store_uri,
          "The database: sqlite:///FILE or postgresql://…; by default quern.db below --root")
      ->envname("MLFLOW_BACKEND_STORE_URI");
  verb.add_option("--artifacts-destination", args.artifacts_destination,
                  "The folder or s3://BUCKET/PREFIX behind the artifact calls; by default as the "
                  "last server on this folder had it")
      ->envname("MLFLOW_ARTIFACTS_DESTINATION");
}

KeptStore::KeptStore(std::string state_dir, std::string database_name,
                     std::unique_ptr<store::Database> database,
                     std::unique_ptr<server::ArtifactStores> artifacts, Context& context)
    : state_dir_(std::move(state_dir)),
      database_name_(std::move(database_name)),
      database_(std::move(database)),
      artifacts_(std::move(artifacts)),
      experiments_(*database_, context.clock, artifacts_->default_root()),
      registry_(*database_, context.clock, pipeline::Actor()),
      trash_(*database_, experiments_) {}

Result<std::unique_ptr<KeptStore>> KeptStore::Open(const StoreArgs& args, Context& context) {
  const std::string state = StateFolderOf(args.root, context.fs);
  QUERN_ASSIGN(const server::ServedPlaces served, server::LastServed(state, context.fs));
  std::string database = args.backend_store_uri;
  if (database.empty() && !served.database.empty()) {
    return Fail(Code::kInvalidArgument,
                "the server on '" + args.root + "' keeps its runs in " + served.database +
                    ", not in quern.db",
                "name it as the server was told: --backend-store-uri URI");
  }
  if (database.empty()) {
    database = JoinPath(state, "quern.db");
    if (!context.fs.Exists(database)) {
      return Fail(Code::kNotFound, "nothing has run here yet: there is no '" + database + "'",
                  "name the folder of a project or of a server: --root DIR");
    }
  }
  server::ArtifactSettings settings;
  settings.destination = args.artifacts_destination.empty() ? served.artifacts_destination
                                                            : args.artifacts_destination;
  if (settings.destination.empty()) settings.destination = JoinPath(state, "mlflow-artifacts");
  settings.packages = JoinPath(state, "artifacts");
  settings.scratch = JoinPath(state, "uploads");
  auto opened = store::OpenDatabase(database, context.fs);
  if (!opened) return Within(opened.error(), "opening " + store::ShownName(database));
  QUERN_ASSIGN(auto artifacts, server::ArtifactStores::Open(settings, context.fs, context.clock));
  return std::unique_ptr<KeptStore>(
      new KeptStore(state, std::move(database), std::move(*opened), std::move(artifacts), context));
}

Result<int64_t> ParseAge(const std::string& text) {
  double seconds = 0;
  size_t at = 0;
  do {
    const size_t unit = std::min(text.find_first_of("smhdw", at), text.size() - 1);
    auto part = ParseDuration(text.substr(at, unit + 1 - at));
    if (!part) {
      return Fail(Code::kInvalidArgument, "'" + text + "' is not a duration",
                  "write numbers and units: 30d, 12h, 1d12h30m");
    }
    seconds += *part;
    at = unit + 1;
  } while (at < text.size());
  return static_cast<int64_t>(std::min(seconds, 1e12) * 1000);
}

}  // namespace quern::cli
