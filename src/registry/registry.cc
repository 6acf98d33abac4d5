#include "registry/registry.h"

#include "base/text.h"
#include "registry/journal.h"
#include "registry/names.h"
#include "registry/rows.h"

namespace quern::registry {

using store::Row;

Status Registry::Note(const std::string& name, const std::string& change, const std::string& before,
                      const std::string& after, const std::string& reason) {
  return registry::Note(db_, clock_, actor_, {name, change, before, after, reason});
}

Result<std::vector<ModelVersion>> Registry::Select(const std::string& where,
                                                   const std::vector<store::Param>& params) {
  return SelectVersions(db_, where, params, "v.name, v.version DESC");
}

Result<ModelVersion> Registry::Register(const std::string& name, const std::string& digest,
                                        const std::string& path, const std::string& run_id,
                                        const std::string& detail) {
  int64_t version = 0;
  QUERN_TRY(db_.Transaction([&]() -> Status {
    QUERN_TRY(db_.Query("SELECT version FROM model_versions WHERE name = ? AND digest = ?",
                        {name, digest}, [&](const Row& row) { version = row.Int(0); }));
    if (version != 0) return {};
    const int64_t now = clock_.NowMs();
    QUERN_TRY(
        db_.Execute("INSERT INTO registered_models(name, description, created_ms, updated_ms) "
                    "VALUES (?, '', ?, ?) ON CONFLICT DO NOTHING",
                    {name, now, now}));
    QUERN_TRY(db_.Query("SELECT coalesce(max(version), 0) + 1 FROM model_versions WHERE name = ?",
                        {name}, [&](const Row& row) { version = row.Int(0); }));
    QUERN_TRY(db_.Execute(
        "INSERT INTO model_versions(name, version, digest, path, source, storage, run_id, "
        "run_link, model_id, user_id, description, stage, status, status_message, created_ms, "
        "updated_ms, detail) "
        "VALUES (?, ?, ?, ?, '', '', ?, '', '', ?, '', 'None', 'READY', '', ?, ?, ?)",
        {name, version, digest, path, run_id, actor_, now, now, detail}));
    QUERN_TRY(Touch(db_, clock_, name, version));
    return Note(name, "version", "", std::to_string(version), "registered by a run");
  }));
  return Get(name, version);
}

Status Registry::SetAlias(const std::string& name, const std::string& alias, int64_t version,
                          const std::string& reason) {
  QUERN_TRY(CheckNewAlias(alias));
  return db_.Transaction([&]() -> Status {
    QUERN_TRY(Get(name, version));
    QUERN_ASSIGN(const auto before, ByAlias(name, alias));
    if (before && before->version == version) return {};
    QUERN_TRY(PointAlias(db_, name, alias, version));
    QUERN_TRY(Touch(db_, clock_, name, version));
    return Note(name, "alias " + alias, before ? std::to_string(before->version) : "",
                std::to_string(version), reason);
  });
}

Status Registry::RemoveAlias(const std::string& name, const std::string& alias,
                             const std::string& reason) {
  return db_.Transaction([&]() -> Status {
    QUERN_ASSIGN(const auto before, ByAlias(name, alias));
    if (!before) return {};
    QUERN_TRY(DropAlias(db_, name, alias));
    QUERN_TRY(Touch(db_, clock_, name, before->version));
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
  const auto read = [&](const Row& row) {
    entries.push_back(
        {row.Int(0), row.Text(1), row.Text(2), row.Text(3), row.Text(4), row.Text(5), row.Text(6)});
  };
  constexpr std::string_view kColumns =
      "SELECT time_ms, actor, name, change, before, after, reason FROM registry_log ";
  if (name.empty()) {
    QUERN_TRY(db_.Query(std::string(kColumns) + "ORDER BY id", {}, read));
    return entries;
  }
  // Each renaming leads back to an earlier name, which counts up to that moment. The first name is
  // read from the log too: PostgreSQL wants one collation for all of them, and a parameter has
  // none.
  QUERN_TRY(
      db_.Query("WITH RECURSIVE names(name, until) AS (SELECT DISTINCT name, 9223372036854775807 "
                "FROM registry_log WHERE name = ? UNION ALL "
                "SELECT l.before, l.id FROM registry_log l JOIN names n ON l.name = n.name "
                "WHERE l.change = 'model renamed' AND l.id < n.until) " +
                    std::string(kColumns) +
                    "WHERE EXISTS (SELECT 1 FROM names n WHERE n.name = registry_log.name AND "
                    "registry_log.id < n.until) ORDER BY id",
                {name}, read));
  return entries;
}

}  // namespace quern::registry
