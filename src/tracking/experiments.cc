#include "tracking/experiments.h"

#include "base/text.h"
#include "search/query.h"
#include "tracking/names.h"
#include "tracking/rows.h"

namespace quern::tracking {
namespace {

using store::Row;

constexpr char kExperimentColumns[] =
    "e.id, e.name, e.artifact_location, e.lifecycle, e.created_ms, e.updated_ms";

Experiment ReadExperiment(const Row& row, const std::string& artifact_root) {
  Experiment experiment{row.Int(0), row.Text(1), row.Text(2), row.Text(3) == "deleted",
                        row.Int(4), row.Int(5),  {}};
  if (experiment.artifact_location.empty()) {
    experiment.artifact_location = ArtifactsBelow(artifact_root, std::to_string(experiment.id));
  }
  return experiment;
}

std::unexpected<Error> NoExperiment(int64_t id) {
  return Fail(Code::kNotFound, "No Experiment with id=" + std::to_string(id) + " exists");
}

Status CheckTag(const std::string& key, const std::string& value) {
  QUERN_TRY(CheckKey(key, "key"));
  return CheckLength(value, kMaxExperimentTag, "value");
}

}  // namespace

std::string ArtifactsBelow(std::string root, const std::string& name) {
  while (root.ends_with('/')) root.pop_back();
  return root + "/" + name;
}

Status Experiments::EnsureDefault() {
  const int64_t now = clock_.NowMs();
  return db_.Write([&] {
    return db_.Execute(
        "INSERT INTO experiments(id, name, artifact_location, lifecycle, created_ms, updated_ms) "
        "SELECT 0, 'Default', ?, 'active', ?, ? WHERE NOT EXISTS "
        "(SELECT 1 FROM experiments WHERE id = 0 OR name = 'Default')",
        {ArtifactsBelow(artifact_root_, "0"), now, now});
  });
}

Result<int64_t> Experiments::Create(const std::string& name, const std::string& artifact_location,
                                    const Texts& tags) {
  QUERN_TRY(CheckExperimentName(name));
  QUERN_TRY(CheckArtifactLocation(artifact_location));
  for (const auto& [key, value] : tags) QUERN_TRY(CheckTag(key, value));
  const int64_t now = clock_.NowMs();
  int64_t id = -1;
  QUERN_TRY(db_.Write([&]() -> Status {
    // Not ON CONFLICT DO NOTHING: on PostgreSQL each attempt would use up a number.
    QUERN_TRY(db_.Query(
        "INSERT INTO experiments(name, artifact_location, lifecycle, created_ms, updated_ms) "
        "SELECT ?, ?, 'active', ?, ? WHERE NOT EXISTS (SELECT 1 FROM experiments WHERE name = ?) "
        "RETURNING id",
        {name, artifact_location, now, now, name}, [&](const Row& row) { id = row.Int(0); }));
    if (id < 0) {
      return Fail(Code::kAlreadyExists, "Experiment(name=" + name + ") already exists.",
                  "a deleted experiment keeps its name until it is purged");
    }
    if (artifact_location.empty()) {
      QUERN_TRY(db_.Execute("UPDATE experiments SET artifact_location = ? WHERE id = ?",
                            {ArtifactsBelow(artifact_root_, std::to_string(id)), id}));
    }
    for (const auto& [key, value] : tags) {
      QUERN_TRY(SetText(db_, "experiment_tags", "experiment_id", id, key, value));
    }
    return {};
  }));
  return id;
}

Result<int64_t> Experiments::Ensure(const std::string& name) {
  auto found = ByName(name);
  if (found) return found->id;
  if (found.error().code != Code::kNotFound) return std::unexpected(found.error());
  auto created = Create(name, "", {});
  // Somebody else may have been faster.
  if (!created && created.error().code == Code::kAlreadyExists) {
    QUERN_ASSIGN(const Experiment other, ByName(name));
    return other.id;
  }
  return created;
}

Result<Experiment> Experiments::Get(int64_t id) {
  std::optional<Experiment> found;
  QUERN_TRY(
      db_.Query(std::string("SELECT ") + kExperimentColumns + " FROM experiments e WHERE e.id = ?",
                {id}, [&](const Row& row) { found = ReadExperiment(row, artifact_root_); }));
  if (!found) return NoExperiment(id);
  QUERN_TRY(ReadTexts(db_, "experiment_tags", "experiment_id", id, found->tags));
  return std::move(*found);
}

Result<Experiment> Experiments::ByName(const std::string& name) {
  int64_t id = -1;
  QUERN_TRY(db_.Query("SELECT id FROM experiments WHERE name = ?", {name},
                      [&](const Row& row) { id = row.Int(0); }));
  if (id < 0) return Fail(Code::kNotFound, "Could not find experiment with name '" + name + "'");
  return Get(id);
}

Result<Page<Experiment>> Experiments::Search(ViewType view, const SearchRequest& request) {
  QUERN_TRY(CheckMaxResults(request.max_results, kMaxExperimentsPage));
  QUERN_ASSIGN(const search::Query query,
               search::Compile(search::Experiments(),
                               search::RequestOf(request, ScopeText({}, view)), db_.dialect()));
  Page<Experiment> page;
  QUERN_ASSIGN(
      page.next_token,
      search::ReadPage(db_, query, kExperimentColumns, 6, {LifecycleIs("e.lifecycle", view), {}},
                       request.max_results, [&](const Row& row) {
                         page.items.push_back(ReadExperiment(row, artifact_root_));
                       }));
  for (Experiment& experiment : page.items) {
    QUERN_TRY(ReadTexts(db_, "experiment_tags", "experiment_id", experiment.id, experiment.tags));
  }
  return page;
}

Status Experiments::Delete(int64_t id) {
  const int64_t now = clock_.NowMs();
  return db_.Write([&]() -> Status {
    QUERN_ASSIGN(const Experiment experiment, Get(id));
    if (experiment.deleted) {
      return Fail(Code::kNotFound, "No Experiment with id=" + std::to_string(id) + " exists",
                  "it is deleted already");
    }
    QUERN_TRY(db_.Execute(
        "UPDATE experiments SET lifecycle = 'deleted', updated_ms = ? WHERE id = ?", {now, id}));
    // The same moment on all: Restore brings back these, not what was deleted before.
    return db_.Execute(
        "UPDATE runs SET lifecycle = 'deleted', deleted_ms = ?, revision = revision + 1 "
        "WHERE experiment_id = ? AND lifecycle = 'active'",
        {now, experiment.id});
  });
}

Status Experiments::Restore(int64_t id) {
  const int64_t now = clock_.NowMs();
  return db_.Write([&]() -> Status {
    QUERN_ASSIGN(const Experiment experiment, Get(id));
    if (!experiment.deleted) {
      return Fail(Code::kNotFound, "No Experiment with id=" + std::to_string(id) + " exists",
                  "among those that are deleted");
    }
    if (experiment.updated_ms == -1) {
      return Fail(Code::kFailedPrecondition, "Experiment with id=" + std::to_string(id) +
                                                 " is being purged and cannot be restored.");
    }
    QUERN_TRY(db_.Execute(
        "UPDATE runs SET lifecycle = 'active', deleted_ms = NULL, revision = revision + 1 "
        "WHERE experiment_id = ? AND deleted_ms = ?",
        {id, experiment.updated_ms}));
    return db_.Execute("UPDATE experiments SET lifecycle = 'active', updated_ms = ? WHERE id = ?",
                       {now, id});
  });
}

Status Experiments::Rename(int64_t id, const std::string& new_name) {
  QUERN_TRY(CheckExperimentName(new_name));
  return db_.Write([&]() -> Status {
    QUERN_ASSIGN(const Experiment experiment, Get(id));
    if (experiment.deleted) {
      return Fail(Code::kFailedPrecondition, "Cannot rename a non-active experiment.",
                  "restore it first");
    }
    QUERN_TRY(Touch(id));
    Status renamed = db_.Execute("UPDATE experiments SET name = ? WHERE id = ?", {new_name, id});
    if (!renamed && renamed.error().code == Code::kAlreadyExists) {
      return Fail(Code::kAlreadyExists, "Experiment(name=" + new_name + ") already exists.");
    }
    return renamed;
  });
}

Status Experiments::SetTag(int64_t id, const std::string& key, const std::string& value) {
  QUERN_TRY(CheckTag(key, value));
  return db_.Write([&]() -> Status {
    QUERN_TRY(Active(id));
    QUERN_TRY(Touch(id));
    return SetText(db_, "experiment_tags", "experiment_id", id, key, value);
  });
}

Status Experiments::DeleteTag(int64_t id, const std::string& key) {
  return db_.Write([&]() -> Status {
    QUERN_ASSIGN(const Experiment experiment, Active(id));
    if (!experiment.tags.contains(key)) {
      return Fail(Code::kNotFound,
                  "No tag with name: " + key + " in experiment with id " + std::to_string(id));
    }
    QUERN_TRY(Touch(id));
    return db_.Execute("DELETE FROM experiment_tags WHERE experiment_id = ? AND key = ?",
                       {id, key});
  });
}

Result<Experiment> Experiments::Active(int64_t id) {
  QUERN_ASSIGN(Experiment experiment, Get(id));
  if (!experiment.deleted) return experiment;
  return Fail(Code::kInvalidArgument,
              "The experiment " + std::to_string(id) +
                  " must be in the 'active' state. Current state is deleted.");
}

Status Experiments::Touch(int64_t id) {
  return db_.Execute("UPDATE experiments SET updated_ms = ? WHERE id = ?", {clock_.NowMs(), id});
}

}  // namespace quern::tracking
