#pragma once
// Inside of registry/ only: rows of the database as values.
#include <string>
#include <vector>

#include "registry/context.h"

namespace quern::registry {

/// Of `model_versions v`, as ReadVersion reads them.
inline constexpr char kVersionColumns[] =
    "v.name, v.version, v.digest, v.path, v.run_id, v.created_ms, v.detail, v.source, v.storage, "
    "v.run_link, v.model_id, v.user_id, v.description, v.stage, v.status, v.status_message, "
    "v.updated_ms";
inline constexpr int kVersionColumnCount = 17;
ModelVersion ReadVersion(const store::Row& row);

/// Of `registered_models m`, as ReadModel reads them.
inline constexpr char kModelColumns[] = "m.name, m.description, m.created_ms, m.updated_ms";
inline constexpr int kModelColumnCount = 4;
RegisteredModel ReadModel(const store::Row& row);

/// Whole versions that `where` (over `v`) selects, deleted ones left out.
Result<std::vector<ModelVersion>> SelectVersions(store::Database& database,
                                                 const std::string& where,
                                                 const std::vector<store::Param>& params,
                                                 const std::string& order);

/// An alias of a model, pointed at a version; whatever it pointed at before.
Status PointAlias(store::Database& database, const std::string& name, const std::string& alias,
                  int64_t version);
Status DropAlias(store::Database& database, const std::string& name, const std::string& alias);

/// Reads tags and aliases of the versions.
Status FillVersions(store::Database& database, std::vector<ModelVersion>& versions);
/// Reads tags, aliases and the newest versions of the models.
Status FillModels(const RegistryContext& context, std::vector<RegisteredModel>& models);

/// Gives packages of this project the URI that clients reach them by.
void ShowPackages(Origins& origins, std::vector<ModelVersion>& versions);

}  // namespace quern::registry
