#include "registry/registry.h"

#include "base/text.h"

namespace quern::registry {

using store::Row;

Status Registry::Note(const std::string& name, const std::string& change, const std::string& before,
                      const std::string& after, const std::string& reason) {
  return db_.Execute(
      "INSERT INTO registry_log(time_ms, actor, name, change, before, after, reason) "
      "VALUES (?, ?, ?, ?, ?, ?, ?)",
      {clock_.NowMs(), actor_, name, change, before, after, reason});
}

Result<std::vector<ModelVersion>> Registry::Select(const std::string& where,
                                                   const std::vector<store::Param>& params) {
  std::vector<ModelVersion> versions;
  QUERN_TRY(
      db_.Query("SELECT name, version, digest, path, run_id, created_ms, detail "
                "FROM model_versions v WHERE " +
                    where + " ORDER BY name, version DESC",
                params, [&](const Row& row) {
                  versions.push_back({row.Text(0),
                                      row.Int(1),
                                      row.Text(2),
                                      row.Text(3),
                                      row.Text(4),
                                      row.Int(5),
                                      row.Text(6),
                                      {}});
                }));
  for (ModelVersion& version : versions) {
    QUERN_TRY(
        db_.Query("SELECT alias FROM model_aliases WHERE name = ? AND version = ? ORDER BY alias",
                  {version.name, version.version},
                  [&](const Row& row) { version.aliases.push_back(row.Text(0)); }));
  }
  return versions;
}

Result<ModelVersion> Registry::Register(const std::string& name, const std::string& digest,
                                        const std::string& path, const std::string& run_id,
                                        const std::string& detail) {
  int64_t version = 0;
  QUERN_TRY(db_.Transaction([&]() -> Status {
    QUERN_TRY(db_.Query("SELECT version FROM model_versions WHERE name = ? AND digest = ?",
                        {name, digest}, [&](const Row& row) { version = row.Int(0); }));
    if (version != 0) return {};
    QUERN_TRY(
        db_.Execute("INSERT INTO registered_models(name, description, created_ms, updated_ms) "
                    "VALUES (?, '', ?, ?) ON CONFLICT DO NOTHING",
                    {name, clock_.NowMs(), clock_.NowMs()}));
    QUERN_TRY(db_.Query("SELECT coalesce(max(version), 0) + 1 FROM model_versions WHERE name = ?",
                        {name}, [&](const Row& row) { version = row.Int(0); }));
    QUERN_TRY(db_.Execute(
        "INSERT INTO model_versions(name, version, digest, path, source, storage, run_id, "
        "run_link, "
        "model_id, user_id, description, stage, status, status_message, created_ms, updated_ms, "
        "detail) VALUES (?, ?, ?, ?, '', '', ?, '', '', ?, '', 'None', 'READY', '', ?, ?, ?)",
        {name, version, digest, path, run_id, actor_, clock_.NowMs(), clock_.NowMs(), detail}));
    return Note(name, "version", "", std::to_string(version), "registered by a run");
  }));
  return Get(name, version);
}

Status Registry::SetAlias(const std::string& name, const std::string& alias, int64_t version,
                          const std::string& reason) {
  return db_.Transaction([&]() -> Status {
    QUERN_TRY(Get(name, version));
    QUERN_ASSIGN(const auto before, ByAlias(name, alias));
    if (before && before->version == version) return {};
    QUERN_TRY(
        db_.Execute("INSERT INTO model_aliases(name, alias, version) VALUES (?, ?, ?) "
                    "ON CONFLICT(name, alias) DO UPDATE SET version = excluded.version",
                    {name, alias, version}));
    return Note(name, "alias " + alias, before ? std::to_string(before->version) : "",
                std::to_string(version), reason);
  });
}

Status Registry::RemoveAlias(const std::string& name, const std::string& alias,
                             const std::string& reason) {
  return db_.Transaction([&]() -> Status {
    QUERN_ASSIGN(const auto before, ByAlias(name, alias));
    if (!before) return {};
    QUERN_TRY(db_.Execute("DELETE FROM model_aliases WHERE name = ? AND alias = ?", {name, alias}));
    return Note(name, "alias " + alias, std::to_string(before->version), "", reason);
  });
}

Result<ModelVersion> Registry::Get(const std::string& name, int64_t version) {
  QUERN_ASSIGN(auto found, Select("name = ? AND version = ?", {name, version}));
  if (found.empty()) {
    return Fail(Code::kNotFound,
                "no version " + std::to_string(version) + " of model '" + name + "'",
                "`quern models` lists them");
  }
  return std::move(found.front());
}

Result<std::optional<ModelVersion>> Registry::ByAlias(const std::string& name,
                                                      const std::string& alias) {
  QUERN_ASSIGN(auto found, Select("name = ? AND version = (SELECT version FROM model_aliases a "
                                  "WHERE a.name = v.name AND alias = ?)",
                                  {name, alias}));
  if (found.empty()) return std::optional<ModelVersion>();
  return std::optional<ModelVersion>(std::move(found.front()));
}

Result<ModelVersion> Registry::Resolve(const std::string& reference) {
  if (const size_t at = reference.find('@'); at != std::string::npos) {
    const std::string name = reference.substr(0, at);
    const std::string alias = reference.substr(at + 1);
    QUERN_ASSIGN(auto found, ByAlias(name, alias));
    if (found) return std::move(*found);
    return Fail(Code::kNotFound, "model '" + name + "' has no alias '" + alias + "'",
                "`quern models` lists models, versions and aliases");
  }
  if (const size_t slash = reference.find('/'); slash != std::string::npos) {
    const auto version = ParseInt(reference.substr(slash + 1));
    if (!version) {
      return Fail(Code::kInvalidArgument, "'" + reference + "' is not a model version",
                  "write NAME/3, NAME@champion or NAME");
    }
    return Get(reference.substr(0, slash), *version);
  }
  QUERN_ASSIGN(auto champion, ByAlias(reference, "champion"));
  if (champion) return std::move(*champion);
  QUERN_ASSIGN(auto all, List(reference));
  if (all.empty()) {
    return Fail(Code::kNotFound, "no model '" + reference + "'", "`quern models` lists them");
  }
  return std::move(all.front());
}

Result<std::vector<ModelVersion>> Registry::List(const std::string& name) {
  return Select("? = '' OR name = ?", {name, name});
}

Result<std::vector<LogEntry>> Registry::Log(const std::string& name) {
  std::vector<LogEntry> entries;
  QUERN_TRY(
      db_.Query("SELECT time_ms, actor, name, change, before, after, reason FROM registry_log "
                "WHERE ? = '' OR name = ? ORDER BY id",
                {name, name}, [&](const Row& row) {
                  entries.push_back({row.Int(0), row.Text(1), row.Text(2), row.Text(3), row.Text(4),
                                     row.Text(5), row.Text(6)});
                }));
  return entries;
}

}  // namespace quern::registry
