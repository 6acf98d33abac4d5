#include "exchange/folder_source.h"

#include <algorithm>
#include <set>

#include "base/text.h"
#include "exchange/folder_files.h"
#include "exchange/mlflow_words.h"

namespace quern::exchange {
namespace {

using tracking::Experiment;
using tracking::ModelRecord;
using tracking::RunRecord;

constexpr char kModels[] = "models";
constexpr char kTrash[] = ".trash";
/// Folders of an experiment that are no runs.
const std::set<std::string> kNoRuns{"tags", "datasets", "traces", kModels};

std::optional<std::string> TextOf(const Meta& meta, std::string_view key) {
  std::string text = meta.Text(key);
  if (text.empty()) return std::nullopt;
  return text;
}

std::unexpected<Error> Misplaced(const Meta& meta, const char* field, const std::string& folder) {
  return meta.Bad(field, std::string(field) + " '" + meta.Text(field) +
                             "' differs from the name of its folder, '" + BaseName(folder) + "'");
}

}  // namespace

Result<std::unique_ptr<FolderSource>> FolderSource::Open(const std::string& folder,
                                                         LocalPlaces places, Fs& fs) {
  const auto holds = [&](const std::string& parent) {
    const auto names = Subfolders(fs, parent);
    return std::any_of(names.begin(), names.end(), [&](const std::string& name) {
      return fs.Exists(JoinPath(JoinPath(parent, name), "meta.yaml"));
    });
  };
  if (holds(folder) || holds(JoinPath(folder, kTrash)) || holds(JoinPath(folder, kModels))) {
    return std::unique_ptr<FolderSource>(new FolderSource(folder, std::move(places), fs));
  }
  const std::string below = JoinPath(folder, "mlruns");
  const std::string hint = holds(below)
                               ? "did you mean '" + below + "'?"
                               : "name the folder that holds one folder per experiment, each with "
                                 "a meta.yaml; MLflow calls it mlruns";
  return Fail(Code::kInvalidArgument, "'" + folder + "' is no folder of MLflow's: no experiment",
              hint);
}

Result<Experiment> FolderSource::ReadExperiment(const std::string& folder,
                                                const std::string& name) {
  QUERN_ASSIGN(Meta meta, Meta::Read(fs_, folder));
  if (meta.Text("experiment_id") != name) return Misplaced(meta, "experiment_id", folder);
  const auto id = ParseInt(name);
  if (!id || *id < 0) {
    return meta.Bad("experiment_id", "the experiment's id '" + name + "' is no number");
  }
  Experiment experiment;
  experiment.id = *id;
  experiment.name = meta.Text("name");
  experiment.artifact_location = meta.Text("artifact_location");
  experiment.deleted = meta.Text("lifecycle_stage") == "deleted";
  experiment.created_ms = meta.IntOr("creation_time", 0);
  experiment.updated_ms = meta.IntOr("last_update_time", experiment.created_ms);
  QUERN_TRY(meta.status());
  if (experiment.name.empty()) return meta.Bad("name", "the experiment has no name");
  return experiment;
}

Result<std::vector<Experiment>> FolderSource::Experiments(Report& report) {
  std::vector<Experiment> found;
  for (const std::string& parent : {folder_, JoinPath(folder_, kTrash)}) {
    for (const std::string& name : Subfolders(fs_, parent)) {
      if (parent == folder_ && name == kModels) continue;
      const std::string folder = JoinPath(parent, name);
      auto experiment = ReadExperiment(folder, name);
      if (!experiment) {
        const size_t runs = Subfolders(fs_, folder).size();
        report.Damaged(Within(experiment.error(), "reading the experiment in '" + folder +
                                                      "', which is left out with " +
                                                      std::to_string(runs) + " folders in it")
                           .error());
        continue;
      }
      if (!folders_.emplace(experiment->id, folder).second) {
        report.Damaged({Code::kInvalidArgument,
                        "experiment " + name + " is both in '" + folder_ + "' and in its " + kTrash,
                        "the one that is not in the trash was read",
                        {folder, 0, 0},
                        {}});
        continue;
      }
      experiment->tags = ReadKeys(fs_, JoinPath(folder, "tags"), report);
      if (!Subfolders(fs_, JoinPath(folder, "traces")).empty()) {
        report.Note("traces of the experiment '" + experiment->name + "' are not read");
      }
      found.push_back(std::move(*experiment));
    }
  }
  std::stable_sort(found.begin(), found.end(), [](const Experiment& a, const Experiment& b) {
    return a.created_ms < b.created_ms;
  });
  return found;
}

Result<RunRecord> FolderSource::ReadRun(const std::string& folder, const std::string& id,
                                        const Experiment& experiment) {
  QUERN_ASSIGN(Meta meta, Meta::Read(fs_, folder));
  // MLflow before 1.0 knew the id as run_uuid alone.
  const char* field = meta.Text("run_id").empty() ? "run_uuid" : "run_id";
  if (meta.Text(field) != id) return Misplaced(meta, field, folder);
  if (meta.Text("experiment_id") != std::to_string(experiment.id)) {
    return meta.Bad("experiment_id", "the run says that it belongs to experiment '" +
                                         meta.Text("experiment_id") + "', and lies in that of '" +
                                         std::to_string(experiment.id) + "'");
  }
  RunRecord record;
  record.info.id = id;
  record.info.experiment_id = experiment.id;
  record.info.name = meta.Text("run_name");
  record.info.user_id = meta.Text("user_id");
  record.info.start_ms = meta.IntOr("start_time", 0);
  record.info.end_ms = meta.Int("end_time");
  record.info.artifact_uri = meta.Text("artifact_uri");
  record.info.deleted = meta.Text("lifecycle_stage") == "deleted";
  if (record.info.deleted) record.deleted_ms = meta.Int("deleted_time");
  QUERN_TRY(meta.status());
  const std::string status = meta.Text("status");
  const auto word = RunStatusWord(status.empty() ? "RUNNING" : status);
  if (!word) return meta.Bad("status", "'" + status + "' is no status of a run");
  record.info.status = *word;
  return record;
}

Status FolderSource::EachRun(const Experiment& experiment, Report& report,
                             const Visit<RunRecord>& visit) {
  const std::string& parent = folders_.at(experiment.id);
  for (const std::string& name : Subfolders(fs_, parent)) {
    if (kNoRuns.contains(name)) continue;
    auto record = ReadRun(JoinPath(parent, name), name, experiment);
    if (!record) {
      report.Damaged(record.error());
      continue;
    }
    QUERN_TRY(visit(std::move(*record)));
  }
  return {};
}

Status FolderSource::Complete(RunRecord& record, Report& report) {
  const std::string folder = JoinPath(folders_.at(record.info.experiment_id), record.info.id);
  record.params = ReadKeys(fs_, JoinPath(folder, "params"), report);
  record.tags = ReadKeys(fs_, JoinPath(folder, "tags"), report);
  if (const auto tag = record.tags.find(kRunNameTag); tag != record.tags.end()) {
    if (record.info.name.empty()) record.info.name = tag->second;
  }
  EachKey(fs_, JoinPath(folder, "metrics"), report,
          [&](const std::string& key, const std::string& path, const std::string& content) {
            EachMetricLine(path, content, report, [&](MetricLine line) {
              // A dataset of a value has a name and a digest.
              if (line.rest.size() == 1) return false;
              record.metrics[key].push_back(line.point);
              return true;
            });
          });
  ReadLinks(folder, record, report);
  return {};
}

void FolderSource::ReadLinks(const std::string& folder, RunRecord& record, Report& report) {
  for (const std::string kind : {"inputs", "outputs"}) {
    const std::string parent = JoinPath(folder, kind);
    for (const std::string& name : Subfolders(fs_, parent)) {
      auto meta = Meta::Read(fs_, JoinPath(parent, name));
      if (!meta) {
        report.Damaged(meta.error());
        continue;
      }
      const std::string source = meta->Text("source_id");
      if (kind == "outputs") {
        record.model_outputs.push_back({source, meta->IntOr("step", 0)});
      } else if (meta->Text("source_type") == "MODEL") {
        record.model_inputs.push_back({source, 0});
      } else if (auto input = ReadDataset(record.info.experiment_id, source); !input) {
        report.Damaged(input.error());
      } else {
        input->tags = meta->Map("tags");
        record.datasets.push_back(std::move(*input));
      }
      if (!meta->status()) report.Damaged(meta->status().error());
    }
  }
}

Result<tracking::DatasetInput> FolderSource::ReadDataset(int64_t experiment_id,
                                                         const std::string& id) {
  // The id comes out of a file: it must stay a name below the folder.
  const bool plain = !id.empty() && id.find('/') == std::string::npos && id != "..";
  const std::string folder = JoinPath(JoinPath(folders_.at(experiment_id), "datasets"), id);
  if (!plain) return Fail(Code::kInvalidArgument, "'" + id + "' is no id of a dataset");
  QUERN_ASSIGN(const Meta meta, Meta::Read(fs_, folder));
  return tracking::DatasetInput{
      {meta.Text("name"), meta.Text("digest"), meta.Text("source_type"), meta.Text("source"),
       TextOf(meta, "schema"), TextOf(meta, "profile")},
      {}};
}

Result<ModelRecord> FolderSource::ReadLoggedModel(const std::string& folder, const std::string& id,
                                                  const Experiment& experiment, Report& report) {
  QUERN_ASSIGN(Meta meta, Meta::Read(fs_, folder));
  if (meta.Text("model_id") != id) return Misplaced(meta, "model_id", folder);
  ModelRecord record;
  tracking::LoggedModel& model = record.model;
  model.id = id;
  model.experiment_id = experiment.id;
  model.name = meta.Text("name");
  model.model_type = meta.Text("model_type");
  model.source_run_id = meta.Text("source_run_id");
  model.artifact_uri = meta.Text("artifact_location");
  model.status_message = meta.Text("status_message");
  model.created_ms = meta.IntOr("creation_timestamp", 0);
  model.updated_ms = meta.IntOr("last_updated_timestamp", model.created_ms);
  QUERN_TRY(meta.status());
  const auto status = ModelStatusWord(meta.Text("status"));
  if (!status) return meta.Bad("status", "'" + meta.Text("status") + "' is no status of a model");
  model.status = *status;
  if (meta.Text("lifecycle_stage") == "deleted") record.deleted_ms = model.updated_ms;
  model.params = ReadKeys(fs_, JoinPath(folder, "params"), report);
  model.tags = ReadKeys(fs_, JoinPath(folder, "tags"), report);
  EachKey(fs_, JoinPath(folder, "metrics"), report,
          [&](const std::string& key, const std::string& path, const std::string& content) {
            EachMetricLine(path, content, report, [&](MetricLine line) {
              // The run, and perhaps a dataset's name and digest. A name may hold blanks.
              if (line.rest.empty() || line.rest.size() == 2) return false;
              tracking::LoggedModel::Metric metric;
              metric.run_id = line.rest.front();
              metric.point = {key, line.point.value, line.point.step, line.point.time_ms, id, {},
                              {}};
              if (line.rest.size() > 2) {
                metric.point.dataset_digest = line.rest.back();
                metric.point.dataset_name =
                    Join(std::span(line.rest).subspan(1, line.rest.size() - 2), " ");
              }
              model.metrics.push_back(std::move(metric));
              return true;
            });
          });
  return record;
}

Status FolderSource::EachLoggedModel(const Experiment& experiment, Report& report,
                                     const Visit<ModelRecord>& visit) {
  const std::string parent = JoinPath(folders_.at(experiment.id), kModels);
  for (const std::string& name : Subfolders(fs_, parent)) {
    auto record = ReadLoggedModel(JoinPath(parent, name), name, experiment, report);
    if (!record) {
      report.Damaged(record.error());
      continue;
    }
    QUERN_TRY(visit(std::move(*record)));
  }
  return {};
}

Result<std::unique_ptr<ArtifactTree>> FolderSource::Artifacts(const ArtifactOwner& owner) {
  if (owner.kind == ArtifactOwner::Kind::kVersion) {
    const size_t slash = owner.id.rfind('/');
    const std::string own =
        JoinPath(JoinPath(folder_, kModels), owner.id.substr(0, slash) + "/version-" +
                                                 owner.id.substr(slash + 1) + "/artifacts");
    if (LocalPath(owner.uri, places_.base) == LocalPath(own, places_.base) && fs_.Exists(own)) {
      return FolderTree(own);
    }
    return Fail(Code::kUnimplemented, "artifacts in '" + owner.uri + "'");
  }
  std::string own = folders_.at(owner.experiment_id);
  if (owner.kind == ArtifactOwner::Kind::kLoggedModel) own = JoinPath(own, kModels);
  own = JoinPath(JoinPath(own, owner.id), "artifacts");
  QUERN_ASSIGN(std::string folder, places_.FolderOf(owner, own));
  return FolderTree(std::move(folder));
}

}  // namespace quern::exchange
