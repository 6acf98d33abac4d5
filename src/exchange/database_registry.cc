// The registered models of an MLflow database.
#include "exchange/database_source.h"

namespace quern::exchange {

using store::Row;

Status DatabaseSource::EachRegisteredModel(Report&, const Visit<registry::ModelRecord>& visit) {
  if (!schema_.Has("registered_models") || !schema_.Has("model_versions")) return {};
  std::vector<registry::ModelRecord> records;
  QUERN_TRY(database_->Query(
      "SELECT name, description, creation_time, last_updated_time FROM registered_models WHERE " +
          schema_.InWorkspace("registered_models") + " ORDER BY name",
      {}, [&](const Row& row) {
        registry::ModelRecord record;
        record.model.name = row.Text(0);
        record.model.description = row.Text(1);
        record.model.created_ms = row.Int(2);
        record.model.updated_ms = row.IsNull(3) ? row.Int(2) : row.Int(3);
        records.push_back(std::move(record));
      }));
  for (registry::ModelRecord& record : records) {
    const std::string& name = record.model.name;
    if (schema_.Has("registered_model_tags")) {
      QUERN_TRY(ReadTexts("SELECT key, value FROM registered_model_tags WHERE name = ? AND " +
                              schema_.InWorkspace("registered_model_tags"),
                          name, record.model.tags));
    }
    if (schema_.Has("registered_model_aliases")) {
      QUERN_TRY(database_->Query(
          "SELECT alias, version FROM registered_model_aliases WHERE name = ? AND " +
              schema_.InWorkspace("registered_model_aliases") + " ORDER BY alias",
          {name},
          [&](const Row& row) { record.model.aliases.push_back({row.Text(0), row.Int(1)}); }));
    }
    QUERN_TRY(ReadVersions(record));
    QUERN_TRY(visit(std::move(record)));
  }
  return {};
}

Status DatabaseSource::ReadVersions(registry::ModelRecord& record) {
  const std::string& name = record.model.name;
  const auto optional = [&](const char* column) {
    return schema_.Column("model_versions", column, "NULL");
  };
  QUERN_TRY(database_->Query(
      "SELECT version, creation_time, last_updated_time, description, user_id, current_stage, "
      "source, run_id, status, " +
          optional("status_message") + ", " + optional("run_link") + ", " +
          optional("storage_location") + " FROM model_versions WHERE name = ? AND " +
          schema_.InWorkspace("model_versions") + " ORDER BY version",
      {name}, [&](const Row& row) {
        registry::ModelVersion version;
        version.name = name;
        version.version = row.Int(0);
        version.created_ms = row.Int(1);
        version.updated_ms = row.IsNull(2) ? row.Int(1) : row.Int(2);
        version.description = row.Text(3);
        version.user_id = row.Text(4);
        if (!row.IsNull(5)) version.stage = row.Text(5);
        version.source = row.Text(6);
        version.run_id = row.Text(7);
        if (!row.IsNull(8)) version.status = row.Text(8);
        version.status_message = row.Text(9);
        version.run_link = row.Text(10);
        version.storage = row.IsNull(11) ? version.source : row.Text(11);
        record.versions.push_back(std::move(version));
      }));
  if (!schema_.Has("model_version_tags")) return {};
  return database_->Query("SELECT version, key, value FROM model_version_tags WHERE name = ? AND " +
                              schema_.InWorkspace("model_version_tags"),
                          {name}, [&](const Row& row) {
                            for (registry::ModelVersion& version : record.versions) {
                              if (version.version == row.Int(0)) {
                                version.tags[row.Text(1)] = row.Text(2);
                              }
                            }
                          });
}

}  // namespace quern::exchange
