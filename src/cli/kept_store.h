#pragma once
// Inside of cli/ only: a store as verbs that keep it in order open it: database and artifacts, by
// the names that `quern server` takes.
#include <memory>
#include <string>

#include "base/cancel.h"
#include "cli/command.h"
#include "cli/store_options.h"
#include "registry/registry.h"
#include "server/artifact_stores.h"
#include "store/database.h"
#include "tracking/experiments.h"
#include "tracking/trash.h"
#include "upkeep/purge.h"

namespace quern::cli {

/// Borrows nothing; not moved, as its parts refer to each other.
class KeptStore {
 public:
  /// What is not named is what the last server on the folder was told. kNotFound if there is no
  /// database, kInvalidArgument if that server's was another that has to be named.
  static Result<std::unique_ptr<KeptStore>> Open(const StoreArgs& args, Context& context);

  const std::string& state_dir() const { return state_dir_; }
  /// As store::OpenDatabase takes it, absolute if it is a file's.
  const std::string& database_name() const { return database_name_; }
  store::Database& database() { return *database_; }
  const server::ArtifactStores& artifacts() const { return *artifacts_; }
  registry::Registry& registry() { return registry_; }
  tracking::Trash& trash() { return trash_; }
  upkeep::FindPlace FindPlace() const { return server::PlacesOf(*artifacts_); }

 private:
  KeptStore(std::string state_dir, std::string database_name,
            std::unique_ptr<store::Database> database,
            std::unique_ptr<server::ArtifactStores> artifacts, Context& context);
  std::string state_dir_;
  std::string database_name_;
  std::unique_ptr<store::Database> database_;
  std::unique_ptr<server::ArtifactStores> artifacts_;
  tracking::Experiments experiments_;
  registry::Registry registry_;
  tracking::Trash trash_;
};

/// "30d", "1d12h" or "90m" in milliseconds, as `mlflow gc --older-than` takes it.
Result<int64_t> ParseAge(const std::string& text);

}  // namespace quern::cli
