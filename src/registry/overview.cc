#include "registry/overview.h"

#include "registry/rows.h"

namespace quern::registry {

using store::Row;

namespace {

Result<std::vector<ModelGlance>> Select(store::Database& database, const std::string& tail,
                                        const std::vector<store::Param>& params) {
  std::vector<ModelGlance> models;
  QUERN_TRY(database.Query(
      "SELECT m.name, m.description, m.created_ms, m.updated_ms, (SELECT count(*) FROM "
      "model_versions v WHERE v.name = m.name AND v.stage <> 'Deleted_Internal'), (SELECT "
      "coalesce(max(v.version), 0) FROM model_versions v WHERE v.name = m.name AND v.stage <> "
      "'Deleted_Internal') FROM registered_models m " +
          tail,
      params, [&](const Row& row) {
        models.push_back(
            {row.Text(0), row.Text(1), row.Int(2), row.Int(3), row.Int(4), row.Int(5), {}});
      }));
  for (ModelGlance& model : models) {
    QUERN_TRY(database.Query(
        "SELECT alias, version FROM model_aliases WHERE name = ? ORDER BY alias", {model.name},
        [&](const Row& row) { model.aliases.push_back({row.Text(0), row.Int(1)}); }));
  }
  return models;
}

}  // namespace

Result<std::vector<ModelGlance>> Glance(store::Database& database, const std::string& after,
                                        int64_t limit) {
  return Select(database, "WHERE m.name > ? ORDER BY m.name LIMIT ?", {after, limit});
}

Result<Texts> ModelTags(store::Database& database, const std::string& name) {
  Texts tags;
  QUERN_TRY(database.Query("SELECT key, value FROM registered_model_tags WHERE name = ?", {name},
                           [&](const Row& row) { tags[row.Text(0)] = row.Text(1); }));
  return tags;
}

Result<ModelGlance> Named(store::Database& database, const std::string& name) {
  QUERN_ASSIGN(auto found, Select(database, "WHERE m.name = ?", {name}));
  if (found.empty()) return Fail(Code::kNotFound, "no registered model '" + name + "'");
  return std::move(found.front());
}

Result<std::vector<ModelVersion>> NewestVersions(store::Database& database, const std::string& name,
                                                 int64_t before, int64_t limit) {
  // SelectVersions has no LIMIT: the numbers come first.
  int64_t least = 0;
  const int64_t below = before > 0 ? before : INT64_MAX;
  QUERN_TRY(database.Query(
      "SELECT coalesce(min(version), 0) FROM (SELECT version FROM model_versions WHERE name = ? "
      "AND "
      "version < ? AND stage <> 'Deleted_Internal' ORDER BY version DESC LIMIT ?) AS newest",
      {name, below, limit}, [&](const Row& row) { least = row.Int(0); }));
  return SelectVersions(database, "v.name = ? AND v.version >= ? AND v.version < ?",
                        {name, least, below}, "v.version DESC");
}

}  // namespace quern::registry
