#pragma once
// Registered models: versions that never change, aliases that move, and an append-only log of who
// moved what, when and why.
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "store/database.h"

namespace quern::registry {

struct ModelVersion {
  std::string name;
  int64_t version = 0;
  std::string digest;
  std::string path;  // the package folder, relative to the project's .quern
  std::string run_id;
  int64_t created_ms = 0;
  std::string detail;  // JSON: metrics, data, gates
  std::vector<std::string> aliases;
};

struct LogEntry {
  int64_t time_ms = 0;
  std::string actor;
  std::string name;
  std::string change;
  std::string before;
  std::string after;
  std::string reason;
};

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
