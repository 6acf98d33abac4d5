#include "registry/ask_gate.h"
#include "registry/gate.h"
#include "registry/journal.h"
#include "registry/models.h"
#include "registry/names.h"
#include "registry/rows.h"

namespace quern::registry {

using store::Row;

namespace {

/// The version that an alias points at, 0 if there is no such alias.
Result<int64_t> Target(store::Database& database, const std::string& name,
                       const std::string& alias) {
  int64_t version = 0;
  QUERN_TRY(database.Query("SELECT version FROM model_aliases WHERE name = ? AND alias = ?",
                           {name, alias}, [&](const Row& row) { version = row.Int(0); }));
  return version;
}

std::string VersionText(int64_t version) {
  return version == 0 ? std::string() : std::to_string(version);
}

}  // namespace

Status RegisteredModels::SetAlias(const std::string& name, const std::string& alias,
                                  int64_t version, const std::string& reason) {
  QUERN_TRY(CheckNewAlias(alias));
  return Commit(context_, [&]() -> Status {
    QUERN_ASSIGN(const auto found, SelectVersions(context_.database, "name = ? AND version = ?",
                                                  {name, version}, "version"));
    if (found.empty()) return NoVersion(name, std::to_string(version));
    QUERN_ASSIGN(const int64_t before, Target(context_.database, name, alias));
    if (before != version) {
      QUERN_TRY(CheckGate(context_.database, name, alias, version));
      QUERN_TRY(PointAlias(context_.database, name, alias, version));
      QUERN_TRY(Touch(context_, name, version));
      QUERN_TRY(Note(context_,
                     {name, "alias " + alias, VersionText(before), VersionText(version), reason}));
    }
    QUERN_ASSIGN(const Texts tags, Tags(name));
    Event event;
    event.kind = Event::Kind::kAliasSet;
    event.prompt = IsPrompt(tags);
    event.name = name;
    event.alias = alias;
    event.version = version;
    return Tell(context_, event);
  });
}

Status RegisteredModels::ForceAlias(const std::string& name, const std::string& alias,
                                    int64_t version, const std::string& reason) {
  QUERN_TRY(CheckNewAlias(alias));
  QUERN_TRY(AskGate(context_.database, context_.clock, name, alias, version,
                    {context_.actor, reason, true}));
  return SetAlias(name, alias, version, reason);
}

Status RegisteredModels::DeleteAlias(const std::string& name, const std::string& alias,
                                     const std::string& reason) {
  QUERN_TRY(CheckAlias(alias));
  return Commit(context_, [&]() -> Status {
    QUERN_ASSIGN(const Texts tags, Tags(name));
    QUERN_ASSIGN(const int64_t before, Target(context_.database, name, alias));
    if (before == 0) return {};
    QUERN_TRY(DropAlias(context_.database, name, alias));
    QUERN_TRY(Touch(context_, name, before));
    QUERN_TRY(Note(context_, {name, "alias " + alias, VersionText(before), "", reason}));
    Event event;
    event.kind = Event::Kind::kAliasDeleted;
    event.prompt = IsPrompt(tags);
    event.name = name;
    event.alias = alias;
    return Tell(context_, event);
  });
}

Result<ModelVersion> RegisteredModels::ByAlias(const std::string& name, const std::string& alias) {
  QUERN_TRY(CheckAlias(alias));
  QUERN_TRY(Tags(name));
  const bool newest = alias == "latest";
  const std::string where =
      newest ? "v.name = ? AND v.version = (SELECT max(version) FROM model_versions "
               "WHERE name = ? AND stage <> 'Deleted_Internal')"
             : "v.name = ? AND v.version = (SELECT version FROM model_aliases "
               "WHERE name = ? AND alias = ?)";
  std::vector<store::Param> params{name, name};
  if (!newest) params.emplace_back(alias);
  QUERN_ASSIGN(auto found, SelectVersions(context_.database, where, params, "v.version"));
  if (found.empty() && newest) {
    return Fail(Code::kNotFound, "Latest version not found for model " + name + ".");
  }
  if (found.empty()) {
    return Fail(Code::kInvalidArgument, "Registered model alias " + alias + " not found.");
  }
  ShowPackages(context_.origins, found);
  return std::move(found.front());
}

}  // namespace quern::registry
