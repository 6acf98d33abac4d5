#include "registry/versions.h"

#include "registry/journal.h"
#include "registry/names.h"
#include "registry/rows.h"
#include "registry/search_page.h"

namespace quern::registry {

using store::Row;

namespace {

/// As the log names it: "version 3 stage".
std::string Of(int64_t version, std::string_view what) {
  return "version " + std::to_string(version) + " " + std::string(what);
}

}  // namespace

Result<ModelVersion> ModelVersions::Get(const std::string& name, int64_t version) {
  QUERN_ASSIGN(auto found, SelectVersions(context_.database, "v.name = ? AND v.version = ?",
                                          {name, version}, "v.version"));
  if (found.empty()) return NoVersion(name, std::to_string(version));
  ShowPackages(context_.origins, found);
  return std::move(found.front());
}

Result<bool> ModelVersions::OfPrompt(const std::string& name) {
  Texts tags;
  QUERN_TRY(context_.database.Query(
      "SELECT value FROM registered_model_tags WHERE name = ? AND key = ?",
      {name, std::string(kPromptTag)},
      [&](const Row& row) { tags[std::string(kPromptTag)] = row.Text(0); }));
  return IsPrompt(tags);
}

Result<ModelVersion> ModelVersions::Describe(const std::string& name, int64_t version,
                                             const std::string& description) {
  QUERN_TRY(Commit(context_, [&]() -> Status {
    QUERN_ASSIGN(const ModelVersion before, Get(name, version));
    QUERN_TRY(context_.database.Execute(
        "UPDATE model_versions SET description = ? WHERE name = ? AND version = ?",
        {description, name, version}));
    QUERN_TRY(Touch(context_, name, version));
    return Note(context_, {name, Of(version, "description"), before.description, description, ""});
  }));
  return Get(name, version);
}

Status ModelVersions::Delete(const std::string& name, int64_t version, const std::string& reason) {
  return Commit(context_, [&]() -> Status {
    QUERN_ASSIGN(const ModelVersion before, Get(name, version));
    const std::vector<store::Param> key{name, version};
    for (const char* table : {"model_version_tags", "model_aliases", "version_reviews",
                              "version_checks", "alias_overrides"}) {
      QUERN_TRY(context_.database.Execute(
          std::string("DELETE FROM ") + table + " WHERE name = ? AND version = ?", key));
    }
    QUERN_TRY(context_.database.Execute(
        "UPDATE model_versions SET stage = 'Deleted_Internal', digest = '', path = '', "
        "source = '', storage = '', run_id = '', run_link = '', model_id = '', user_id = '', "
        "description = '', status_message = '', detail = '' WHERE name = ? AND version = ?",
        key));
    QUERN_TRY(Touch(context_, name, version));
    for (const std::string& alias : before.aliases) {
      QUERN_TRY(Note(context_, {name, "alias " + alias, std::to_string(version), "",
                                "its version was deleted"}));
    }
    const std::string why = reason.empty() ? before.source : reason + "; it was " + before.source;
    return Note(context_, {name, "version deleted", std::to_string(version), "", why});
  });
}

Status ModelVersions::SetTag(const std::string& name, int64_t version, const std::string& key,
                             const std::string& value) {
  QUERN_TRY(CheckTag(key, value));
  return Commit(context_, [&]() -> Status {
    QUERN_ASSIGN(ModelVersion before, Get(name, version));
    QUERN_TRY(context_.database.Execute(
        "INSERT INTO model_version_tags(name, version, key, value) VALUES (?, ?, ?, ?) "
        "ON CONFLICT(name, version, key) DO UPDATE SET value = excluded.value",
        {name, version, key, value}));
    QUERN_TRY(Touch(context_, name, version));
    QUERN_TRY(Note(context_, {name, Of(version, "tag " + key), before.tags[key], value, ""}));
    Event event;
    event.kind = Event::Kind::kVersionTagSet;
    QUERN_ASSIGN(event.prompt, OfPrompt(name));
    event.name = name;
    event.version = version;
    event.key = key;
    event.value = value;
    return Tell(context_, event);
  });
}

Status ModelVersions::DeleteTag(const std::string& name, int64_t version, const std::string& key) {
  return Commit(context_, [&]() -> Status {
    QUERN_ASSIGN(const ModelVersion before, Get(name, version));
    const auto found = before.tags.find(key);
    if (found == before.tags.end()) return {};
    QUERN_TRY(context_.database.Execute(
        "DELETE FROM model_version_tags WHERE name = ? AND version = ? AND key = ?",
        {name, version, key}));
    QUERN_TRY(Touch(context_, name, version));
    QUERN_TRY(Note(context_, {name, Of(version, "tag " + key), found->second, "", ""}));
    Event event;
    event.kind = Event::Kind::kVersionTagDeleted;
    QUERN_ASSIGN(event.prompt, OfPrompt(name));
    event.name = name;
    event.version = version;
    event.key = key;
    return Tell(context_, event);
  });
}

Result<ModelVersion> ModelVersions::MoveTo(const std::string& name, int64_t version,
                                           const std::string& stage, bool archive_existing) {
  QUERN_ASSIGN(const std::string wanted, CanonicalStage(stage));
  if (archive_existing && wanted != kStageStaging && wanted != kStageProduction) {
    return Fail(Code::kInvalidArgument,
                "Model version transition cannot archive existing model versions because '" +
                    wanted +
                    "' is not an Active stage. Valid stages are ['Staging', 'Production']");
  }
  QUERN_TRY(Commit(context_, [&]() -> Status {
    QUERN_ASSIGN(const ModelVersion before, Get(name, version));
    std::vector<ModelVersion> archived;
    if (archive_existing) {
      QUERN_ASSIGN(archived, SelectVersions(context_.database,
                                            "v.name = ? AND v.stage = ? AND v.version <> ?",
                                            {name, wanted, version}, "v.version"));
    }
    const auto move = [&](int64_t number, const std::string& from, const std::string& to,
                          const std::string& reason) -> Status {
      QUERN_TRY(context_.database.Execute(
          "UPDATE model_versions SET stage = ? WHERE name = ? AND version = ?",
          {to, name, number}));
      QUERN_TRY(Touch(context_, name, number));
      return Note(context_, {name, Of(number, "stage"), from, to, reason});
    };
    for (const ModelVersion& other : archived) {
      QUERN_TRY(move(other.version, other.stage, std::string(kStageArchived),
                     "version " + std::to_string(version) + " took its place"));
    }
    return move(version, before.stage, wanted, "asked for by a client");
  }));
  return Get(name, version);
}

Result<std::string> ModelVersions::DownloadUri(const std::string& name, int64_t version) {
  QUERN_ASSIGN(const ModelVersion found, Get(name, version));
  return found.storage.empty() ? found.source : found.storage;
}

Result<Page<ModelVersion>> ModelVersions::Search(const SearchRequest& request) {
  QUERN_TRY(CheckMaxResults(request.max_results, kMaxVersionsPage));
  QUERN_ASSIGN(auto page, SearchPage(context_.database, search::ModelVersions(),
                                     {"v.stage <> 'Deleted_Internal'", {}}, kVersionColumns,
                                     kVersionColumnCount, request, &ReadVersion));
  QUERN_TRY(FillVersions(context_.database, page.items));
  ShowPackages(context_.origins, page.items);
  return page;
}

}  // namespace quern::registry
