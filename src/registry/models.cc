#include "registry/models.h"

#include <algorithm>

#include "registry/journal.h"
#include "registry/names.h"
#include "registry/overview.h"
#include "registry/rows.h"
#include "registry/search_page.h"

namespace quern::registry {

using store::Row;

namespace {

Result<bool> ModelExists(store::Database& database, const std::string& name) {
  bool exists = false;
  QUERN_TRY(database.Query("SELECT 1 FROM registered_models WHERE name = ?", {name},
                           [&](const Row&) { exists = true; }));
  return exists;
}

}  // namespace

Result<Texts> RegisteredModels::Tags(const std::string& name) {
  QUERN_ASSIGN(const bool exists, ModelExists(context_.database, name));
  if (!exists) return NoModel(name);
  return ModelTags(context_.database, name);
}

Result<RegisteredModel> RegisteredModels::Create(const std::string& name,
                                                 const std::string& description,
                                                 const Texts& tags) {
  QUERN_TRY(CheckModelName(name, "name"));
  QUERN_TRY(CheckTags(tags));
  store::Database& database = context_.database;
  QUERN_TRY(Commit(context_, [&]() -> Status {
    QUERN_ASSIGN(const bool taken, ModelExists(context_.database, name));
    if (taken) {
      return Fail(Code::kAlreadyExists, "Registered Model (name=" + name + ") already exists.");
    }
    const int64_t now = context_.clock.NowMs();
    QUERN_TRY(
        database.Execute("INSERT INTO registered_models(name, description, created_ms, updated_ms) "
                         "VALUES (?, ?, ?, ?)",
                         {name, description, now, now}));
    for (const auto& [key, value] : tags) {
      QUERN_TRY(
          database.Execute("INSERT INTO registered_model_tags(name, key, value) VALUES (?, ?, ?)",
                           {name, key, value}));
    }
    QUERN_TRY(Note(context_, {name, "model created", "", name, description}));
    Event event;
    event.kind = Event::Kind::kModelCreated;
    event.prompt = IsPrompt(tags);
    event.name = name;
    event.description = description;
    event.tags = tags;
    return Tell(context_, event);
  }));
  return Get(name);
}

Result<RegisteredModel> RegisteredModels::Get(const std::string& name) {
  std::vector<RegisteredModel> found;
  QUERN_TRY(context_.database.Query(
      std::string("SELECT ") + kModelColumns + " FROM registered_models m WHERE m.name = ?", {name},
      [&](const Row& row) { found.push_back(ReadModel(row)); }));
  if (found.empty()) return NoModel(name);
  QUERN_TRY(FillModels(context_, found));
  return std::move(found.front());
}

Status RenameModel(store::Database& database, const Clock& clock, const std::string& actor,
                   const std::string& name, const std::string& new_name,
                   const std::string& reason) {
  QUERN_TRY(CheckModelName(new_name, "new_name"));
  QUERN_ASSIGN(const bool known, ModelExists(database, name));
  if (!known) return NoModel(name);
  if (name != new_name) {
    QUERN_ASSIGN(const bool taken, ModelExists(database, new_name));
    if (taken) {
      return Fail(Code::kAlreadyExists, "Registered Model (name=" + new_name + ") already exists.");
    }
    QUERN_TRY(
        database.Execute("UPDATE registered_models SET name = ? WHERE name = ?", {new_name, name}));
    QUERN_TRY(Note(database, clock, actor, {new_name, "model renamed", name, new_name, reason}));
  }
  QUERN_TRY(Touch(database, clock, new_name, 0));
  return database.Execute("UPDATE model_versions SET updated_ms = ? WHERE name = ?",
                          {clock.NowMs(), new_name});
}

Result<RegisteredModel> RegisteredModels::Rename(const std::string& name,
                                                 const std::string& new_name,
                                                 const std::string& reason) {
  QUERN_TRY(Commit(context_, [&]() -> Status {
    return RenameModel(context_.database, context_.clock, context_.actor, name, new_name, reason);
  }));
  return Get(new_name);
}

Result<RegisteredModel> RegisteredModels::Describe(const std::string& name,
                                                   const std::string& description) {
  QUERN_TRY(Commit(context_, [&]() -> Status {
    std::string before;
    QUERN_TRY(Tags(name));
    QUERN_TRY(context_.database.Query("SELECT description FROM registered_models WHERE name = ?",
                                      {name}, [&](const Row& row) { before = row.Text(0); }));
    QUERN_TRY(context_.database.Execute(
        "UPDATE registered_models SET description = ? WHERE name = ?", {description, name}));
    QUERN_TRY(Touch(context_, name));
    return Note(context_, {name, "description", before, description, ""});
  }));
  return Get(name);
}

Status RegisteredModels::Delete(const std::string& name, const std::string& reason) {
  return Commit(context_, [&]() -> Status {
    QUERN_TRY(Tags(name));
    int64_t versions = 0;
    QUERN_TRY(context_.database.Query(
        "SELECT count(*) FROM model_versions WHERE name = ? AND stage <> 'Deleted_Internal'",
        {name}, [&](const Row& row) { versions = row.Int(0); }));
    QUERN_TRY(context_.database.Execute("DELETE FROM registered_models WHERE name = ?", {name}));
    return Note(context_, {name, "model deleted", name, "",
                           "with " + std::to_string(versions) + " versions" +
                               (reason.empty() ? "" : ": " + reason)});
  });
}

Status RegisteredModels::SetTag(const std::string& name, const std::string& key,
                                const std::string& value) {
  QUERN_TRY(CheckTag(key, value));
  return Commit(context_, [&]() -> Status {
    QUERN_ASSIGN(Texts tags, Tags(name));
    QUERN_TRY(context_.database.Execute(
        "INSERT INTO registered_model_tags(name, key, value) VALUES (?, ?, ?) "
        "ON CONFLICT(name, key) DO UPDATE SET value = excluded.value",
        {name, key, value}));
    QUERN_TRY(Touch(context_, name));
    QUERN_TRY(Note(context_, {name, "tag " + key, tags[key], value, ""}));
    tags[key] = value;
    Event event;
    event.kind = Event::Kind::kModelTagSet;
    event.prompt = IsPrompt(tags);
    event.name = name;
    event.key = key;
    event.value = value;
    return Tell(context_, event);
  });
}

Status RegisteredModels::DeleteTag(const std::string& name, const std::string& key) {
  return Commit(context_, [&]() -> Status {
    QUERN_ASSIGN(const Texts tags, Tags(name));
    const auto found = tags.find(key);
    if (found == tags.end()) return {};
    QUERN_TRY(context_.database.Execute(
        "DELETE FROM registered_model_tags WHERE name = ? AND key = ?", {name, key}));
    QUERN_TRY(Touch(context_, name));
    QUERN_TRY(Note(context_, {name, "tag " + key, found->second, "", ""}));
    Event event;
    event.kind = Event::Kind::kModelTagDeleted;
    event.prompt = IsPrompt(tags);
    event.name = name;
    event.key = key;
    return Tell(context_, event);
  });
}

Result<std::vector<ModelVersion>> RegisteredModels::Latest(const std::string& name,
                                                           const std::vector<std::string>& stages) {
  std::vector<std::string> wanted;
  for (const std::string& stage : stages) {
    QUERN_ASSIGN(std::string canonical, CanonicalStage(stage));
    wanted.push_back(std::move(canonical));
  }
  QUERN_ASSIGN(RegisteredModel model, Get(name));
  if (wanted.empty()) return std::move(model.latest);
  std::erase_if(model.latest, [&](const ModelVersion& version) {
    return std::find(wanted.begin(), wanted.end(), version.stage) == wanted.end();
  });
  return std::move(model.latest);
}

Result<Page<RegisteredModel>> RegisteredModels::Search(const SearchRequest& request) {
  QUERN_TRY(CheckMaxResults(request.max_results, kMaxModelsPage));
  QUERN_ASSIGN(auto page, SearchPage(context_.database, search::RegisteredModels(), {},
                                     kModelColumns, kModelColumnCount, request, &ReadModel));
  QUERN_TRY(FillModels(context_, page.items));
  return page;
}

}  // namespace quern::registry
