#include "registry/rows.h"

#include <algorithm>
#include <functional>
#include <map>
#include <utility>

namespace quern::registry {
namespace {

using store::Param;
using store::Row;

/// Rows asked for by one statement: SQLite reads expressions of about a thousand terms.
constexpr size_t kRowsAtOnce = 200;

std::string Marks(size_t count, std::string_view mark, std::string_view separator) {
  std::string out;
  for (size_t i = 0; i < count; ++i) {
    if (i > 0) out += separator;
    out += mark;
  }
  return out;
}

/// Runs `body` over `count` things in pieces of a statement's size.
Status InPieces(size_t count, const std::function<Status(size_t first, size_t last)>& body) {
  for (size_t first = 0; first < count; first += kRowsAtOnce) {
    QUERN_TRY(body(first, std::min(count, first + kRowsAtOnce)));
  }
  return {};
}

}  // namespace

ModelVersion ReadVersion(const Row& row) {
  ModelVersion version;
  version.name = row.Text(0);
  version.version = row.Int(1);
  version.digest = row.Text(2);
  version.path = row.Text(3);
  version.run_id = row.Text(4);
  version.created_ms = row.Int(5);
  version.detail = row.Text(6);
  version.source = row.Text(7);
  version.storage = row.Text(8);
  version.run_link = row.Text(9);
  version.model_id = row.Text(10);
  version.user_id = row.Text(11);
  version.description = row.Text(12);
  version.stage = row.Text(13);
  version.status = row.Text(14);
  version.status_message = row.Text(15);
  version.updated_ms = row.Int(16);
  return version;
}

RegisteredModel ReadModel(const Row& row) {
  RegisteredModel model;
  model.name = row.Text(0);
  model.description = row.Text(1);
  model.created_ms = row.Int(2);
  model.updated_ms = row.Int(3);
  return model;
}

Result<std::vector<ModelVersion>> SelectVersions(store::Database& database,
                                                 const std::string& where,
                                                 const std::vector<Param>& params,
                                                 const std::string& order) {
  std::vector<ModelVersion> versions;
  QUERN_TRY(database.Query(std::string("SELECT ") + kVersionColumns +
                               " FROM model_versions v WHERE v.stage <> 'Deleted_Internal' AND (" +
                               where + ") ORDER BY " + order,
                           params, [&](const Row& row) { versions.push_back(ReadVersion(row)); }));
  QUERN_TRY(FillVersions(database, versions));
  return versions;
}

Status PointAlias(store::Database& database, const std::string& name, const std::string& alias,
                  int64_t version) {
  return database.Execute(
      "INSERT INTO model_aliases(name, alias, version) VALUES (?, ?, ?) "
      "ON CONFLICT(name, alias) DO UPDATE SET version = excluded.version",
      {name, alias, version});
}

Status DropAlias(store::Database& database, const std::string& name, const std::string& alias) {
  return database.Execute("DELETE FROM model_aliases WHERE name = ? AND alias = ?", {name, alias});
}

Status FillVersions(store::Database& database, std::vector<ModelVersion>& versions) {
  std::map<std::pair<std::string, int64_t>, ModelVersion*> index;
  for (ModelVersion& version : versions) index[{version.name, version.version}] = &version;
  return InPieces(versions.size(), [&](size_t first, size_t last) -> Status {
    std::vector<Param> params;
    for (size_t i = first; i < last; ++i) {
      params.emplace_back(versions[i].name);
      params.emplace_back(versions[i].version);
    }
    const std::string where = Marks(last - first, "(name = ? AND version = ?)", " OR ");
    QUERN_TRY(
        database.Query("SELECT name, version, key, value FROM model_version_tags WHERE " + where,
                       params, [&](const Row& row) {
                         index[{row.Text(0), row.Int(1)}]->tags[row.Text(2)] = row.Text(3);
                       }));
    return database.Query(
        "SELECT name, version, alias FROM model_aliases WHERE " + where + " ORDER BY alias", params,
        [&](const Row& row) { index[{row.Text(0), row.Int(1)}]->aliases.push_back(row.Text(2)); });
  });
}

Status FillModels(const RegistryContext& context, std::vector<RegisteredModel>& models) {
  std::map<std::string, RegisteredModel*> index;
  for (RegisteredModel& model : models) index[model.name] = &model;
  return InPieces(models.size(), [&](size_t first, size_t last) -> Status {
    store::Database& database = context.database;
    std::vector<Param> params;
    for (size_t i = first; i < last; ++i) params.emplace_back(models[i].name);
    const std::string in = " IN (" + Marks(last - first, "?", ", ") + ")";
    QUERN_TRY(database.Query(
        "SELECT name, key, value FROM registered_model_tags WHERE name" + in, params,
        [&](const Row& row) { index[row.Text(0)]->tags[row.Text(1)] = row.Text(2); }));
    QUERN_TRY(database.Query(
        "SELECT name, alias, version FROM model_aliases WHERE name" + in + " ORDER BY alias",
        params,
        [&](const Row& row) { index[row.Text(0)]->aliases.push_back({row.Text(1), row.Int(2)}); }));
    std::vector<ModelVersion> latest;
    QUERN_TRY(database.Query(
        std::string("SELECT ") + kVersionColumns +
            " FROM (SELECT name, max(version) AS version FROM model_versions WHERE name" + in +
            " AND stage <> 'Deleted_Internal' GROUP BY name, stage) newest "
            "JOIN model_versions v ON v.name = newest.name AND v.version = newest.version "
            "ORDER BY v.name, v.version",
        params, [&](const Row& row) { latest.push_back(ReadVersion(row)); }));
    QUERN_TRY(FillVersions(database, latest));
    ShowPackages(context.origins, latest);
    for (ModelVersion& version : latest) {
      index[version.name]->latest.push_back(std::move(version));
    }
    return {};
  });
}

void ShowPackages(Origins& origins, std::vector<ModelVersion>& versions) {
  for (ModelVersion& version : versions) {
    if (version.path.empty() || !version.storage.empty()) continue;
    version.storage = origins.PackageUri(version.path);
    if (version.source.empty()) version.source = version.storage;
  }
}

}  // namespace quern::registry
