#pragma once
// Registered models: a name, what is said of it, and the versions below it.
#include <optional>
#include <string>
#include <vector>

#include "registry/context.h"

namespace quern::registry {

/// The change that a renaming is, within the caller's transaction: rows and the record in the log.
Status RenameModel(store::Database& database, const Clock& clock, const std::string& actor,
                   const std::string& name, const std::string& new_name, const std::string& reason);

/// Thread-safe as the database is. Unknown names are kNotFound; every change is logged.
class RegisteredModels {
 public:
  explicit RegisteredModels(const RegistryContext& context) : context_(context) {}

  /// kAlreadyExists for a name in use.
  Result<RegisteredModel> Create(const std::string& name, const std::string& description,
                                 const Texts& tags);
  Result<RegisteredModel> Get(const std::string& name);
  /// With all that hangs on it: versions, tags, aliases.
  Result<RegisteredModel> Rename(const std::string& name, const std::string& new_name,
                                 const std::string& reason = "");
  Result<RegisteredModel> Describe(const std::string& name, const std::string& description);
  /// With its versions. The log keeps that they were.
  Status Delete(const std::string& name, const std::string& reason = "");
  Status SetTag(const std::string& name, const std::string& key, const std::string& value);
  /// A tag that is not there is no error.
  Status DeleteTag(const std::string& name, const std::string& key);

  /// The newest version of each of these stages, by number; of every stage if there are none.
  Result<std::vector<ModelVersion>> Latest(const std::string& name,
                                           const std::vector<std::string>& stages);
  /// Filter and order: docs/search.md. Models that hold prompts are left out unless the filter asks
  /// for them.
  Result<Page<RegisteredModel>> Search(const SearchRequest& request);

  /// Points the alias at the version, from another one if there was one. kFailedPrecondition if the
  /// gate of the alias is closed to it (gate.h).
  Status SetAlias(const std::string& name, const std::string& alias, int64_t version,
                  const std::string& reason = "asked for by a client");
  /// The same past the gate, which is recorded as an override.
  Status ForceAlias(const std::string& name, const std::string& alias, int64_t version,
                    const std::string& reason);
  /// An alias that is not there is no error.
  Status DeleteAlias(const std::string& name, const std::string& alias,
                     const std::string& reason = "asked for by a client");
  /// kInvalidArgument for an alias that is not there, as clients expect; "latest" is the newest
  /// version.
  Result<ModelVersion> ByAlias(const std::string& name, const std::string& alias);

 private:
  /// The tags of a model that exists.
  Result<Texts> Tags(const std::string& name);
  RegistryContext context_;
};

}  // namespace quern::registry
