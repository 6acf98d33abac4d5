#include "cli/kept_store.h"

#include "base/text.h"
#include "cli/places.h"
#include "pipeline/workspace.h"
#include "store/open.h"

namespace quern::cli {

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
  StoreArgs whole = args;
  QUERN_TRY(CompleteFromServer(state, &whole, context.fs));
  const std::string& database = whole.backend_store_uri;
  if (args.backend_store_uri.empty() && !context.fs.Exists(database)) {
    return Fail(Code::kNotFound, "nothing has run here yet: there is no '" + database + "'",
                "name the folder of a project or of a server: --root DIR");
  }
  server::ArtifactSettings settings;
  settings.destination = whole.artifacts_destination;
  settings.packages = JoinPath(state, "artifacts");
  settings.scratch = JoinPath(state, "uploads");
  auto opened = store::OpenDatabase(database, context.fs);
  if (!opened) return Within(opened.error(), "opening " + store::ShownName(database));
  QUERN_ASSIGN(auto artifacts, server::ArtifactStores::Open(settings, context.fs, context.clock));
  return std::unique_ptr<KeptStore>(
      new KeptStore(state, database, std::move(*opened), std::move(artifacts), context));
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
