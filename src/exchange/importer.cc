#include "exchange/importer.h"

#include <algorithm>

#include "base/text.h"
#include "exchange/names.h"
#include "registry/names.h"
#include "store/statistics.h"

namespace quern::exchange {
namespace {

using tracking::Experiment;
using tracking::Kept;
using tracking::ModelRecord;
using tracking::RunRecord;

/// A transaction's size: a commit waits for the disk, and a server beside waits for the commit.
constexpr size_t kRunsAtOnce = 200;
constexpr size_t kPointsAtOnce = 200'000;

void Count(Kept kept, Tally& tally) {
  ++(kept == Kept::kAdded ? tally.added : kept == Kept::kUpdated ? tally.updated : tally.there);
}

/// Whether an error is about one record, and the others can go on.
bool IsOfRecord(const Error& error) {
  return error.code == Code::kInvalidArgument || error.code == Code::kAlreadyExists ||
         error.code == Code::kFailedPrecondition || error.code == Code::kNotFound ||
         error.code == Code::kDataLoss;
}

std::string Times(int64_t count, const std::string& what) {
  return std::to_string(count) + " " + what + (count == 1 ? "" : "s");
}

}  // namespace

Status Importer::Step(const std::string& doing) {
  QUERN_TRY(cancel_.Check());
  if (on_progress_) on_progress_(report_, doing);
  return {};
}

Status Importer::Run() {
  Status status = ImportAll();
  // Also of what came before it was interrupted: searches are fast from here on.
  if (!options_.dry_run && report_.runs.added > 0) store::RefreshStatistics(target_.database);
  return status;
}

Status Importer::ImportAll() {
  QUERN_ASSIGN(const auto experiments, Chosen());
  Status status;
  for (const Experiment& experiment : experiments) {
    status = ImportExperiment(experiment);
    if (!status) break;
  }
  if (status) {
    status = source_.EachRegisteredModel(
        report_, [&](registry::ModelRecord record) { return ImportRegistered(std::move(record)); });
  }
  for (const auto& [what, count] : unreached_) {
    report_.unreached.push_back(what.first + ": artifacts of " + Times(count, "run or model") +
                                " not reached: " + what.second);
  }
  for (const auto& [what, count] : staying_) {
    report_.Note(what.first + ": " + what.second + " stay there (" + Times(count, "run or model") +
                 "); clients reach them by themselves");
  }
  return status;
}

Result<std::vector<Experiment>> Importer::Chosen() {
  QUERN_ASSIGN(auto all, source_.Experiments(report_));
  return ChooseExperiments(std::move(all), options_.experiments);
}

Status Importer::ImportExperiment(const Experiment& experiment) {
  experiment_ = "experiment '" + experiment.name + "'";
  QUERN_TRY(Step(experiment_));
  is_deleted_ = experiment.deleted;
  deleted_ms_ = experiment.updated_ms;
  Experiment wanted = experiment;
  DropBadKeys(wanted.tags, experiment_, report_);
  // Where clients log to themselves stays; a folder, or a server that is left, is moved away from.
  if (options_.artifacts && IsOfMachine(wanted.artifact_location)) {
    wanted.artifact_location.clear();
  }
  auto placed =
      options_.dry_run ? target_.tracking.Place(wanted) : target_.tracking.PutExperiment(wanted);
  if (!placed && IsOfRecord(placed.error())) {
    report_.Damaged(Within(placed.error(), "importing the " + experiment_).error());
    return {};
  }
  if (!placed) return std::unexpected(placed.error());
  placed_ = *placed;
  Count(placed_.kept, report_.experiments);
  if (wanted.artifact_location.empty() && placed_.kept == Kept::kUnchanged && !options_.dry_run) {
    // It came without its files before.
    QUERN_TRY(target_.tracking.MoveExperimentArtifacts(placed_.id, experiment.artifact_location));
  }
  if (placed_.id != experiment.id) {
    const std::string there = std::to_string(experiment.id), here = std::to_string(placed_.id);
    report_.Note(placed_.kept == Kept::kAdded
                     ? experiment_ + " has the id " + here + " here: " + there +
                           ", which it had, is that of another experiment"
                     : experiment_ + " is here already, with the id " + here + " instead of " +
                           there + ": its runs are in that one");
  }
  QUERN_TRY(source_.EachLoggedModel(experiment, report_, [&](ModelRecord record) {
    return ImportLoggedModel(std::move(record));
  }));
  QUERN_TRY(source_.EachRun(experiment, report_,
                            [&](RunRecord record) { return ImportRun(std::move(record)); }));
  return Flush();
}

Status Importer::ImportRun(RunRecord record) {
  tracking::RunInfo& info = record.info;
  QUERN_TRY(Step(experiment_ + ", run " + info.id));
  if (Status named = CheckId(info.id, "run"); !named) {
    report_.Damaged(named.error());
    return {};
  }
  seen_.insert(info.id);
  const std::string path = std::to_string(placed_.id) + "/" + info.id + "/artifacts";
  QUERN_ASSIGN(const Files files, CopyArtifacts({ArtifactOwner::Kind::kRun, info.experiment_id,
                                                 info.id, info.artifact_uri},
                                                path));
  QUERN_ASSIGN(const auto status, target_.tracking.RunStatusOf(info.id));
  const bool done = status && *status != "RUNNING" && *status != "SCHEDULED";
  if (done) {
    ++report_.runs.there;
    if (!files.here || options_.dry_run) return {};
    return target_.tracking.MoveRunArtifacts(info.id, info.artifact_uri, files.uri);
  }
  if (Status read = source_.Complete(record, report_); !read) {
    if (!IsOfRecord(read.error())) return read;
    report_.Damaged(Within(read.error(), "reading the run " + info.id).error());
    return {};
  }
  DropBadKeys(record, report_);
  info.experiment_id = placed_.id;
  info.artifact_uri = files.uri;
  // Clients' delete of an experiment takes its runs along, and Restore brings those back: they bear
  // the experiment's own time.
  if (is_deleted_ && info.deleted && record.deleted_ms.value_or(deleted_ms_) >= deleted_ms_) {
    record.deleted_ms = deleted_ms_;
  }
  if (info.deleted && !record.deleted_ms) record.deleted_ms = target_.clock.NowMs();
  for (const auto& [key, points] : record.metrics) pending_points_ += points.size();
  pending_.push_back(std::move(record));
  if (pending_.size() < kRunsAtOnce && pending_points_ < kPointsAtOnce) return {};
  return Flush();
}

Status Importer::Flush() {
  if (pending_.empty()) return {};
  Status put = PutPending();
  pending_.clear();
  pending_points_ = 0;
  return put;
}

Status Importer::PutPending() {
  std::vector<Kept> kept;
  const auto put_all = [&]() -> Status {
    kept.clear();
    for (const RunRecord& record : pending_) {
      QUERN_ASSIGN(kept.emplace_back(), target_.tracking.PutRun(record));
    }
    return {};
  };
  const auto count = [&](const RunRecord& record, Kept how) {
    Count(how, report_.runs);
    if (how != Kept::kAdded) return;
    for (const auto& [key, points] : record.metrics) {
      report_.points += static_cast<int64_t>(points.size());
    }
  };
  if (options_.dry_run) {
    for (const RunRecord& record : pending_) {
      QUERN_ASSIGN(const auto status, target_.tracking.RunStatusOf(record.info.id));
      count(record, status ? Kept::kUpdated : Kept::kAdded);
    }
    return {};
  }
  Status all = target_.database.Transaction(put_all);
  if (all) {
    for (size_t i = 0; i < pending_.size(); ++i) count(pending_[i], kept[i]);
    return {};
  }
  if (!IsOfRecord(all.error())) return all;
  // One of them is refused: each alone, so that the others are kept.
  for (const RunRecord& record : pending_) {
    const auto put = target_.tracking.PutRun(record);
    if (put) {
      count(record, *put);
    } else if (IsOfRecord(put.error())) {
      report_.Damaged(Within(put.error(), "importing the run " + record.info.id).error());
    } else {
      return std::unexpected(put.error());
    }
  }
  return {};
}

Status Importer::ImportLoggedModel(ModelRecord record) {
  tracking::LoggedModel& model = record.model;
  QUERN_TRY(Step(experiment_ + ", logged model " + model.id));
  if (Status named = CheckId(model.id, "logged model"); !named) {
    report_.Damaged(named.error());
    return {};
  }
  seen_.insert(model.id);
  const std::string path = std::to_string(placed_.id) + "/models/" + model.id + "/artifacts";
  QUERN_ASSIGN(const Files files, CopyArtifacts({ArtifactOwner::Kind::kLoggedModel,
                                                 model.experiment_id, model.id, model.artifact_uri},
                                                path));
  const std::string was = model.artifact_uri;
  model.artifact_uri = files.uri;
  model.experiment_id = placed_.id;
  DropBadKeys(record, report_);
  if (options_.dry_run) {
    QUERN_ASSIGN(const bool known, target_.tracking.HasModel(model.id));
    Count(known ? Kept::kUnchanged : Kept::kAdded, report_.logged_models);
    return {};
  }
  const auto put = target_.tracking.PutModel(record);
  if (put) {
    Count(*put, report_.logged_models);
    if (*put == Kept::kAdded || !files.here) return {};
    return target_.tracking.MoveModelArtifacts(model.id, was, files.uri);
  }
  if (!IsOfRecord(put.error())) return std::unexpected(put.error());
  report_.Damaged(Within(put.error(), "importing the logged model " + model.id).error());
  return {};
}

Status Importer::ImportRegistered(registry::ModelRecord record) {
  const std::string& name = record.model.name;
  const bool wanted =
      options_.experiments.empty() ||
      std::any_of(record.versions.begin(), record.versions.end(), [&](const auto& version) {
        return seen_.contains(version.run_id) || seen_.contains(version.model_id);
      });
  if (!wanted) return {};
  experiment_ = "registered model '" + name + "'";
  QUERN_TRY(Step(experiment_));
  const bool prompt = registry::IsPrompt(record.model.tags);
  for (registry::ModelVersion& version : record.versions) {
    // A prompt's text is a tag, and its source a word; a deleted version has none.
    if (prompt || version.stage == registry::kStageDeleted) continue;
    if (MoveStorage(version) || !IsOfMachine(version.storage)) continue;
    const std::string number = std::to_string(version.version);
    QUERN_ASSIGN(const Files files, CopyArtifacts({ArtifactOwner::Kind::kVersion, 0,
                                                   name + "/" + number, version.storage},
                                                  "models/" + name + "/" + number));
    version.storage = files.uri;
  }
  if (options_.dry_run) {
    QUERN_ASSIGN(const auto names, target_.registry.Names());
    const bool known = std::find(names.begin(), names.end(), name) != names.end();
    ++(known ? report_.registered_models.there : report_.registered_models.added);
    QUERN_ASSIGN(const int64_t there, target_.registry.CountVersions(name));
    const auto all = static_cast<int64_t>(record.versions.size());
    report_.versions.there += std::min(there, all);
    report_.versions.added += all - std::min(there, all);
    return {};
  }
  const auto outcome = target_.registry.Put(record);
  if (!outcome && IsOfRecord(outcome.error())) {
    report_.Damaged(
        Within(outcome.error(), "importing the registered model '" + name + "'").error());
    return {};
  }
  if (!outcome) return std::unexpected(outcome.error());
  ++(outcome->model_added ? report_.registered_models.added : report_.registered_models.there);
  report_.versions.added += outcome->versions_added;
  report_.versions.there += outcome->versions_there;
  for (const std::string& conflict : outcome->conflicts) {
    report_.Damaged({Code::kAlreadyExists, conflict, "rename or delete one of them", {}, {}});
  }
  return {};
}

}  // namespace quern::exchange
