#include "cli/kept_store.h"

#include "base/text.h"
#include "cli/opened_store.h"
#include "pipeline/workspace.h"

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
  QUERN_ASSIGN(OpenedStore store, OpenStore(args, Absent::kRefuse, context));
  server::ArtifactSettings settings;
  settings.destination = store.places.artifacts_destination;
  settings.packages = JoinPath(store.state_dir, "artifacts");
  settings.scratch = JoinPath(store.state_dir, "uploads");
  QUERN_ASSIGN(auto artifacts, server::ArtifactStores::Open(settings, context.fs, context.clock));
  return std::unique_ptr<KeptStore>(new KeptStore(store.state_dir, store.database_name,
                                                  std::move(store.database), std::move(artifacts),
                                                  context));
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
