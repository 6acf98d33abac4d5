#include "registry/registry.h"

#include <boost/json.hpp>

#include "base/text.h"
#include "registry/ask_gate.h"
#include "registry/journal.h"
#include "registry/log.h"
#include "registry/models.h"
#include "registry/names.h"
#include "registry/rows.h"
#include "registry/signature.h"

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

Status Registry::Tell(const Event& event) {
  return listener_ == nullptr ? Status() : listener_->Happened(event);
}

Status Registry::Commit(const std::function<Status()>& body) {
  QUERN_TRY(db_.Transaction(body));
  if (listener_ != nullptr) listener_->Committed();
  return {};
}

Status Registry::Tag(const std::string& name, int64_t version, const Texts& tags) {
  for (const auto& [key, value] : tags) {
    QUERN_TRY(
        db_.Execute("INSERT INTO model_version_tags(name, version, key, value) VALUES (?, ?, ?, ?) "
                    "ON CONFLICT(name, version, key) DO UPDATE SET value = excluded.value",
                    {name, version, key, value}));
  }
  return {};
}

Result<ModelVersion> Registry::Register(const NewPackage& package) {
  const std::string& name = package.name;
  int64_t version = 0;
  QUERN_TRY(Commit([&]() -> Status {
    version = 0;
    QUERN_TRY(db_.Query("SELECT version FROM model_versions WHERE name = ? AND digest = ?",
                        {name, package.digest}, [&](const Row& row) { version = row.Int(0); }));
    if (version != 0) return {};
    bool known = false;
    QUERN_TRY(db_.Query("SELECT 1 FROM registered_models WHERE name = ?", {name},
                        [&](const Row&) { known = true; }));
    if (!known) {
      const int64_t now = clock_.NowMs();
      QUERN_TRY(
          db_.Execute("INSERT INTO registered_models(name, description, created_ms, updated_ms) "
                      "VALUES (?, ?, ?, ?)",
                      {name, package.model_description, now, now}));
      Event event;
      event.name = name;
      event.description = package.model_description;
      QUERN_TRY(Note(name, "model created", "", name, package.reason));
      QUERN_TRY(Tell(event));
    }
    QUERN_TRY(db_.Query("SELECT coalesce(max(version), 0) + 1 FROM model_versions WHERE name = ?",
                        {name}, [&](const Row& row) { version = row.Int(0); }));
    return Insert(package, version);
  }));
  return Get(name, version);
}

Status Registry::Insert(const NewPackage& package, int64_t version) {
  const std::string path = PackagePath(package.digest);
  const int64_t now = clock_.NowMs();
  QUERN_TRY(db_.Execute(
      "INSERT INTO model_versions(name, version, digest, path, source, storage, run_id, "
      "run_link, model_id, user_id, description, stage, status, status_message, created_ms, "
      "updated_ms, detail) "
      "VALUES (?, ?, ?, ?, '', '', ?, '', '', ?, ?, 'None', 'READY', '', ?, ?, '')",
      {package.name, version, package.digest, path, package.run_id, actor_, package.description,
       now, now}));
  Event event;
  event.kind = Event::Kind::kVersionCreated;
  event.name = package.name;
  event.version = version;
  event.source = kProxiedPackages + path;
  event.run_id = package.run_id;
  event.description = package.description;
  event.tags = package.tags;
  event.tags[kDigestTag] = package.digest;
  QUERN_TRY(Tag(package.name, version, event.tags));
  QUERN_TRY(Touch(db_, clock_, package.name, version));
  QUERN_TRY(Note(package.name, "version", "", std::to_string(version), package.reason));
  return Tell(event);
}

Status Registry::SetAlias(const std::string& name, const std::string& alias, int64_t version,
                          const std::string& reason) {
  QUERN_TRY(CheckNewAlias(alias));
  return Commit([&]() -> Status {
    QUERN_TRY(Get(name, version));
    QUERN_ASSIGN(const auto before, ByAlias(name, alias));
    if (before && before->version == version) return {};
    QUERN_TRY(CheckGate(db_, name, alias, version));
    QUERN_TRY(PointAlias(db_, name, alias, version));
    QUERN_TRY(Tag(name, version, {{ReasonTag(alias), reason}}));
    QUERN_TRY(Touch(db_, clock_, name, version));
    QUERN_TRY(Note(name, "alias " + alias, before ? std::to_string(before->version) : "",
                   std::to_string(version), reason));
    Event event;
    event.kind = Event::Kind::kAliasSet;
    event.name = name;
    event.alias = alias;
    event.version = version;
    return Tell(event);
  });
}

Status Registry::ForceAlias(const std::string& name, const std::string& alias, int64_t version,
                            const std::string& reason) {
  QUERN_TRY(AskGate(db_, clock_, name, alias, version, {actor_, reason, true}));
  return SetAlias(name, alias, version, reason);
}

Status Registry::KeepSignature(const std::string& name, int64_t version, const std::string& bundle,
                               const std::string& reason) {
  return Commit([&]() -> Status {
    QUERN_ASSIGN(const ModelVersion found, Get(name, version));
    const std::string before = SignatureOf(found);
    if (before == bundle) return {};
    QUERN_TRY(Tag(name, version, {{kSignatureTag, bundle}}));
    QUERN_TRY(Touch(db_, clock_, name, version));
    return Note(name, "signature of version " + std::to_string(version), SignerOf(before),
                SignerOf(bundle), reason);
  });
}

Status Registry::RemoveAlias(const std::string& name, const std::string& alias,
                             const std::string& reason) {
  return Commit([&]() -> Status {
    QUERN_ASSIGN(const auto before, ByAlias(name, alias));
    if (!before) return {};
    QUERN_TRY(DropAlias(db_, name, alias));
    QUERN_TRY(Tag(name, before->version, {{ReasonTag(alias), reason}}));
    QUERN_TRY(Touch(db_, clock_, name, before->version));
    QUERN_TRY(Note(name, "alias " + alias, std::to_string(before->version), "", reason));
    Event event;
    event.kind = Event::Kind::kAliasDeleted;
    event.name = name;
    event.alias = alias;
    return Tell(event);
  });
}

Status Registry::Rename(const std::string& name, const std::string& new_name,
                        const std::string& reason) {
  return Commit([&] { return RenameModel(db_, clock_, actor_, name, new_name, reason); });
}

Result<std::optional<RegisteredModel>> Registry::Model(const std::string& name) {
  std::optional<RegisteredModel> model;
  QUERN_TRY(db_.Query(
      std::string("SELECT ") + kModelColumns + " FROM registered_models m WHERE m.name = ?", {name},
      [&](const Row& row) { model = ReadModel(row); }));
  if (!model) return model;
  QUERN_TRY(db_.Query("SELECT key, value FROM registered_model_tags WHERE name = ?", {name},
                      [&](const Row& row) { model->tags[row.Text(0)] = row.Text(1); }));
  return model;
}

Result<std::map<std::string, AliasPolicy>> Registry::Policies(const std::string& name) {
  QUERN_ASSIGN(const auto model, Model(name));
  if (!model) return NoModel(name);
  QUERN_ASSIGN(const json::value list, PoliciesOf(db_, name));
  return ReadPolicies(list);
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

Result<std::vector<ModelVersion>> Registry::List(const std::string& name) {
  return Select("? = '' OR name = ?", {name, name});
}

Status Registry::Fetch(const ModelVersion& version, const std::string&) {
  const std::string which =
      "version " + std::to_string(version.version) + " of model '" + version.name + "'";
  if (version.path.empty()) {
    return Fail(
        Code::kFailedPrecondition,
        which + " is not a package of this project: a client registered '" + version.source + "'",
        "name a version that `quern run` made, or a folder that holds model.onnx");
  }
  return Fail(Code::kFailedPrecondition,
              "the package of " + which + " is gone: '" + version.path + "'",
              "`quern run` makes what is missing again");
}

Result<std::vector<LogEntry>> Registry::Log(const std::string& name) { return ReadLog(db_, name); }

}  // namespace quern::registry
