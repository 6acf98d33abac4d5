#include "registry/transfer.h"

#include <map>
#include <optional>

#include "registry/gate.h"
#include "registry/journal.h"
#include "registry/names.h"
#include "registry/rows.h"

namespace quern::registry {
namespace {

using store::Row;

Status Check(const ModelRecord& record) {
  QUERN_TRY(CheckModelName(record.model.name, "name"));
  for (const ModelVersion& version : record.versions) {
    if (version.version >= 1) continue;
    return Fail(Code::kInvalidArgument, "version " + std::to_string(version.version) +
                                            " of the registered model '" + record.model.name +
                                            "' is no number of a version");
  }
  return {};
}

/// Of a model or a version; what is there stays.
Status AddTags(store::Database& db, const std::string& name, int64_t version, const Texts& tags) {
  for (const auto& [key, value] : tags) {
    QUERN_TRY(
        version == 0
            ? db.Execute("INSERT INTO registered_model_tags(name, key, value) VALUES (?, ?, ?) "
                         "ON CONFLICT DO NOTHING",
                         {name, key, value})
            : db.Execute("INSERT INTO model_version_tags(name, version, key, value) "
                         "VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING",
                         {name, version, key, value}));
  }
  return {};
}

}  // namespace

Result<ModelOutcome> Transfer::Put(const ModelRecord& record) {
  QUERN_TRY(Check(record));
  const RegisteredModel& model = record.model;
  ModelOutcome outcome;
  QUERN_TRY(db_.Transaction([&]() -> Status {
    outcome = {};
    QUERN_TRY(
        db_.Query("INSERT INTO registered_models(name, description, created_ms, updated_ms) "
                  "VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING RETURNING 1",
                  {model.name, model.description, model.created_ms, model.updated_ms},
                  [&](const Row&) { outcome.model_added = true; }));
    if (outcome.model_added) {
      QUERN_TRY(Note(db_, clock_, actor_, {model.name, "model created", "", model.name, "import"}));
    }
    QUERN_TRY(AddTags(db_, model.name, 0, model.tags));
    for (const ModelVersion& version : record.versions) QUERN_TRY(PutVersion(version, outcome));
    return PutAliases(model, outcome);
  }));
  return outcome;
}

Status Transfer::PutVersion(const ModelVersion& version, ModelOutcome& outcome) {
  const std::string number = std::to_string(version.version);
  std::optional<std::pair<std::string, int64_t>> known;
  bool was_deleted = false;
  QUERN_TRY(db_.Query(
      "SELECT source, created_ms, stage FROM model_versions WHERE name = ? AND version = ?",
      {version.name, version.version}, [&](const Row& row) {
        known = {row.Text(0), row.Int(1)};
        was_deleted = row.Text(2) == kStageDeleted;
      }));
  if (known) {
    // A deleted version is wiped: nothing tells whether it was the same one.
    const bool same = was_deleted || version.stage == kStageDeleted ||
                      (known->first == version.source && known->second == version.created_ms);
    if (same) {
      ++outcome.versions_there;
    } else {
      outcome.conflicts.push_back("version " + number + " of the registered model '" +
                                  version.name + "' is another one here (source '" + known->first +
                                  "'), and was left as it is");
    }
    return {};
  }
  QUERN_TRY(db_.Execute(
      "INSERT INTO model_versions(name, version, digest, path, source, storage, run_id, run_link, "
      "model_id, user_id, description, stage, status, status_message, created_ms, updated_ms, "
      "detail) VALUES (?, ?, '', '', ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, '')",
      {version.name, version.version, version.source, version.storage, version.run_id,
       version.run_link, version.model_id, version.user_id, version.description, version.stage,
       version.status, version.status_message, version.created_ms, version.updated_ms}));
  QUERN_TRY(AddTags(db_, version.name, version.version, version.tags));
  ++outcome.versions_added;
  return Note(db_, clock_, actor_, {version.name, "version", "", number, "import"});
}

Status Transfer::PutAliases(const RegisteredModel& model, ModelOutcome& outcome) {
  for (const Alias& alias : model.aliases) {
    QUERN_TRY(CheckAlias(alias.alias));
    std::optional<int64_t> known;
    bool there = false;
    QUERN_TRY(db_.Query("SELECT version FROM model_aliases WHERE name = ? AND alias = ?",
                        {model.name, alias.alias}, [&](const Row& row) { known = row.Int(0); }));
    QUERN_TRY(
        db_.Query("SELECT 1 FROM model_versions WHERE name = ? AND version = ? AND stage <> ?",
                  {model.name, alias.version, std::string(kStageDeleted)},
                  [&](const Row&) { there = true; }));
    // Whoever took an alias away since an earlier import meant it.
    const bool fresh = outcome.model_added || outcome.versions_added > 0;
    const bool moves = !known && there && fresh;
    Status gate;
    if (moves) gate = CheckGate(db_, model.name, alias.alias, alias.version);
    if (!gate && gate.error().code != Code::kFailedPrecondition) return gate;
    if (!gate) {
      outcome.conflicts.push_back("the alias '" + alias.alias + "' of the registered model '" +
                                  model.name + "' was not set: " + gate.error().message);
    } else if (moves) {
      QUERN_TRY(PointAlias(db_, model.name, alias.alias, alias.version));
      QUERN_TRY(
          Note(db_, clock_, actor_,
               {model.name, "alias " + alias.alias, "", std::to_string(alias.version), "import"}));
    } else if (known != alias.version) {
      const std::string here =
          known ? "points at version " + std::to_string(*known) + " here" : "is not set here";
      outcome.conflicts.push_back("the alias '" + alias.alias + "' of the registered model '" +
                                  model.name + "' " + here + ", and points at version " +
                                  std::to_string(alias.version) + " there: it was left as it is");
    }
  }
  return {};
}

Result<std::vector<std::string>> Transfer::Names() {
  std::vector<std::string> names;
  QUERN_TRY(db_.Query("SELECT name FROM registered_models ORDER BY name", {},
                      [&](const Row& row) { names.push_back(row.Text(0)); }));
  return names;
}

Result<int64_t> Transfer::CountVersions(const std::string& name) {
  int64_t count = 0;
  QUERN_TRY(db_.Query("SELECT count(*) FROM model_versions WHERE name = ?", {name},
                      [&](const Row& row) { count = row.Int(0); }));
  return count;
}

Result<ModelRecord> Transfer::Get(const std::string& name) {
  ModelRecord record;
  bool found = false;
  QUERN_TRY(db_.Query(
      std::string("SELECT ") + kModelColumns + " FROM registered_models m WHERE m.name = ?", {name},
      [&](const Row& row) {
        found = true;
        record.model = ReadModel(row);
      }));
  if (!found) return NoModel(name);
  QUERN_TRY(db_.Query("SELECT key, value FROM registered_model_tags WHERE name = ?", {name},
                      [&](const Row& row) { record.model.tags[row.Text(0)] = row.Text(1); }));
  QUERN_TRY(db_.Query(
      "SELECT alias, version FROM model_aliases WHERE name = ? ORDER BY alias", {name},
      [&](const Row& row) { record.model.aliases.push_back({row.Text(0), row.Int(1)}); }));
  QUERN_TRY(db_.Query(std::string("SELECT ") + kVersionColumns +
                          " FROM model_versions v WHERE v.name = ? ORDER BY v.version",
                      {name},
                      [&](const Row& row) { record.versions.push_back(ReadVersion(row)); }));
  QUERN_TRY(FillVersions(db_, record.versions));
  return record;
}

}  // namespace quern::registry
