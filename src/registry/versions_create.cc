#include <boost/json.hpp>

#include "base/json.h"
#include "base/text.h"
#include "registry/journal.h"
#include "registry/models.h"
#include "registry/names.h"
#include "registry/rows.h"
#include "registry/source.h"
#include "registry/versions.h"
#include "tracking/names.h"

namespace quern::registry {

using store::Row;

namespace {

/// What clients give as the source of a prompt: its text is a tag.
constexpr std::string_view kPromptSources[] = {"dummy-source", "prompt-template"};
/// The tag of a logged model that lists the versions registered from it.
constexpr char kVersionsTag[] = "mlflow.modelVersions";

Status CheckPromptSource(const std::string& source) {
  for (const std::string_view known : kPromptSources) {
    if (source == known) return {};
  }
  return Fail(Code::kInvalidArgument, "Invalid prompt source: '" + source +
                                          "'. Prompt sources must use an MLflow placeholder.");
}

/// A given id must be the source's own.
Status CheckSame(const NewVersion& version, const std::string& run_id,
                 const std::string& model_id) {
  if ((version.run_id.empty() || version.run_id == run_id) &&
      (version.model_id.empty() || version.model_id == model_id)) {
    return {};
  }
  return InvalidSource(version.source,
                       "The run_id and model_id request parameters must match the referenced model "
                       "version.");
}

std::unexpected<Error> NotOfSource(const std::string& source, std::string_view parameter) {
  return InvalidSource(source, "The " + std::string(parameter) +
                                   " request parameter must identify the resource that contains "
                                   "the source.");
}

}  // namespace

Result<ModelVersion> ModelVersions::Create(const NewVersion& version) {
  QUERN_TRY(CheckModelName(version.name, "name"));
  QUERN_TRY(CheckTags(version.tags));
  QUERN_TRY(CheckSourceLength(version.source));
  QUERN_TRY(tracking::CheckLength(version.run_id, tracking::kMaxReference, "run_id"));
  if (context_.source_rule != nullptr) QUERN_TRY(context_.source_rule->Check(version.source));
  int64_t number = 0;
  QUERN_TRY(Commit(context_, [&]() -> Status {
    bool exists = false;
    QUERN_TRY(context_.database.Query("SELECT 1 FROM registered_models WHERE name = ?",
                                      {version.name}, [&](const Row&) { exists = true; }));
    if (!exists) return NoModel(version.name);
    QUERN_ASSIGN(const Origin origin, Resolve(version));
    QUERN_TRY(context_.database.Query(
        "SELECT coalesce(max(version), 0) + 1 FROM model_versions WHERE name = ?", {version.name},
        [&](const Row& row) { number = row.Int(0); }));
    QUERN_TRY(Insert(version, origin, number));
    if (!origin.model_id.empty()) {
      QUERN_TRY(LinkLoggedModel(origin.model_id, version.name, number));
    }
    Event event;
    event.kind = Event::Kind::kVersionCreated;
    event.prompt = IsPrompt(version.tags);
    event.name = version.name;
    event.version = number;
    event.description = version.description;
    event.source = origin.source;
    event.run_id = origin.run_id;
    event.tags = version.tags;
    return Tell(context_, event);
  }));
  return Get(version.name, number);
}

Status ModelVersions::Insert(const NewVersion& version, const Origin& origin, int64_t number) {
  store::Database& database = context_.database;
  const int64_t now = context_.clock.NowMs();
  std::string digest = origin.copied.digest;
  if (!digest.empty()) {
    // A package is found by its digest: below one name, the version that had it first.
    QUERN_TRY(database.Query("SELECT 1 FROM model_versions WHERE name = ? AND digest = ?",
                             {version.name, digest}, [&](const Row&) { digest.clear(); }));
  }
  QUERN_TRY(database.Execute(
      "INSERT INTO model_versions(name, version, digest, path, source, storage, run_id, run_link, "
      "model_id, user_id, description, stage, status, status_message, created_ms, updated_ms, "
      "detail) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'None', 'READY', '', ?, ?, ?)",
      {version.name, number, digest, origin.copied.path, origin.source, origin.storage,
       origin.run_id, version.run_link, origin.model_id, version.user_id, version.description, now,
       now, origin.copied.detail}));
  for (const auto& [key, value] : version.tags) {
    QUERN_TRY(database.Execute(
        "INSERT INTO model_version_tags(name, version, key, value) VALUES (?, ?, ?, ?)",
        {version.name, number, key, value}));
  }
  QUERN_TRY(Touch(context_, version.name));
  return Note(context_, {version.name, "version", "", std::to_string(number),
                         version.reason.empty() ? origin.source : version.reason});
}

Result<ModelVersions::Origin> ModelVersions::Resolve(const NewVersion& version) {
  Origin plain{version.source, version.source, version.run_id, version.model_id, {}};
  if (IsPrompt(version.tags)) {
    QUERN_TRY(CheckPromptSource(version.source));
    return plain;
  }
  const SourceUri uri = ParseSource(version.source);
  if (uri.scheme == "models") {
    QUERN_TRY(CheckRemoteSource(version.source));
    QUERN_ASSIGN(const ModelReference reference, ParseModelReference(version.source));
    if (!reference.model_id.empty()) return ResolveLogged(version, reference.model_id);
    return ResolveRegistered(version, reference.name, reference.alias, reference.version);
  }
  if (uri.local()) {
    std::string folder;
    if (!version.model_id.empty()) {
      QUERN_ASSIGN(const auto model, context_.origins.LoggedModel(version.model_id));
      folder = model.artifact_uri;
    } else if (!version.run_id.empty()) {
      const auto run = context_.origins.RunArtifacts(version.run_id);
      if (!run && run.error().code != Code::kNotFound) return std::unexpected(run.error());
      if (run) folder = *run;
    }
    QUERN_TRY(CheckLocalSource(version.source, folder));
  } else {
    QUERN_TRY(CheckRemoteSource(version.source));
  }
  if (uri.scheme == "runs") return ResolveRun(version);
  if (!version.model_id.empty() && plain.run_id.empty()) {
    QUERN_ASSIGN(const auto model, context_.origins.LoggedModel(version.model_id));
    plain.run_id = model.run_id;
  }
  return plain;
}

Result<ModelVersions::Origin> ModelVersions::ResolveLogged(const NewVersion& version,
                                                           const std::string& model_id) {
  if (!version.model_id.empty() && version.model_id != model_id) {
    return NotOfSource(version.source, "model_id");
  }
  QUERN_ASSIGN(const auto model, context_.origins.LoggedModel(model_id));
  return Origin{version.source,
                model.artifact_uri,
                version.run_id.empty() ? model.run_id : version.run_id,
                model_id,
                {}};
}

Result<ModelVersions::Origin> ModelVersions::ResolveRegistered(const NewVersion& version,
                                                               const std::string& reference_name,
                                                               const std::string& alias,
                                                               const std::string& number) {
  RegisteredModels models(context_);
  QUERN_ASSIGN(const RegisteredModel model, models.Get(reference_name));
  if (IsPrompt(model.tags)) {
    return InvalidSource(version.source,
                         "Prompt versions cannot be used as model version sources.");
  }
  ModelVersion found;
  if (!alias.empty()) {
    QUERN_ASSIGN(found, models.ByAlias(reference_name, alias));
  } else if (ToLower(number) == "latest") {
    QUERN_ASSIGN(found, models.ByAlias(reference_name, "latest"));
  } else if (const auto parsed = ParseInt(number)) {
    QUERN_ASSIGN(found, Get(reference_name, *parsed));
  } else {
    QUERN_ASSIGN(found, Newest(reference_name, number));
  }
  QUERN_TRY(CheckSame(version, found.run_id, found.model_id));
  return Origin{"models:/" + reference_name + "/" + std::to_string(found.version),
                found.path.empty() ? found.storage : std::string(), found.run_id, found.model_id,
                found};
}

Result<ModelVersion> ModelVersions::Newest(const std::string& name, const std::string& stage) {
  QUERN_ASSIGN(const auto latest, RegisteredModels(context_).Latest(name, {stage}));
  if (latest.empty()) {
    return Fail(Code::kNotFound,
                "No versions of model with name '" + name + "' and stage '" + stage + "' found");
  }
  return latest.front();
}

Result<ModelVersions::Origin> ModelVersions::ResolveRun(const NewVersion& version) {
  const SourceUri uri = ParseSource(version.source);
  std::string_view path = uri.path;
  while (StartsWith(path, "/")) path.remove_prefix(1);
  const size_t slash = std::min(path.find('/'), path.size());
  const std::string run_id(path.substr(0, slash));
  if (!uri.authority.empty() || run_id.empty() ||
      (!version.run_id.empty() && version.run_id != run_id)) {
    return NotOfSource(version.source, "run_id");
  }
  const auto artifacts = context_.origins.RunArtifacts(run_id);
  if (!artifacts && artifacts.error().code == Code::kNotFound) {
    return NotOfSource(version.source, "run_id");
  }
  if (!artifacts) return std::unexpected(artifacts.error());
  return Origin{
      version.source, *artifacts + std::string(path.substr(slash)), run_id, version.model_id, {}};
}

Status ModelVersions::LinkLoggedModel(const std::string& model_id, const std::string& name,
                                      int64_t version) {
  QUERN_ASSIGN(const LoggedModelOrigin model, context_.origins.LoggedModel(model_id));
  json::array versions;
  if (const auto tag = model.tags.find(kVersionsTag); tag != model.tags.end()) {
    // A client may have written anything into its tag; what is no list is replaced.
    auto known = ParseJson(tag->second);
    if (known && known->is_array()) versions = known->get_array();
  }
  const json::object entry{{"name", name}, {"version", version}};
  for (const json::value& known : versions) {
    if (known == json::value(entry)) return {};
  }
  versions.emplace_back(entry);
  return context_.origins.TagLoggedModel(model_id, kVersionsTag, WriteJson(versions));
}

}  // namespace quern::registry
