#pragma once
// The registry as a project's own runs use it: packages in, aliases that move, every move logged.
// What MLflow's clients ask stands in models.h and versions.h, over the same rows.
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "registry/types.h"
#include "store/database.h"

namespace quern::registry {

/// Thread-safe as the database is. Borrows it.
class Registry {
 public:
  Registry(store::Database& database, const Clock& clock, std::string actor)
      : db_(database), clock_(clock), actor_(std::move(actor)) {}

  /// A package that is already registered under this name (same digest) keeps its version.
  Result<ModelVersion> Register(const std::string& name, const std::string& digest,
                                const std::string& path, const std::string& run_id,
                                const std::string& detail);
  Status SetAlias(const std::string& name, const std::string& alias, int64_t version,
                  const std::string& reason);
  Status RemoveAlias(const std::string& name, const std::string& alias, const std::string& reason);
  Result<ModelVersion> Get(const std::string& name, int64_t version);
  /// Nothing if the alias is not set.
  Result<std::optional<ModelVersion>> ByAlias(const std::string& name, const std::string& alias);
  /// "NAME@alias", "NAME/3" or "NAME" (its champion, else the newest).
  Result<ModelVersion> Resolve(const std::string& reference);
  /// All versions, newest first; of one model if `name` is not empty.
  Result<std::vector<ModelVersion>> List(const std::string& name);
  /// Oldest first. What happened to a model under an earlier name is told too.
  Result<std::vector<LogEntry>> Log(const std::string& name);

 private:
  Status Note(const std::string& name, const std::string& change, const std::string& before,
              const std::string& after, const std::string& reason);
  Result<std::vector<ModelVersion>> Select(const std::string& where,
                                           const std::vector<store::Param>& params);
  store::Database& db_;
  const Clock& clock_;
  std::string actor_;
};

}  // namespace quern::registry
