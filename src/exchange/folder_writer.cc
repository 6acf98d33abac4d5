#include "exchange/folder_writer.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <tuple>

#include "base/digest.h"
#include "base/text.h"
#include "exchange/mlflow_words.h"
#include "exchange/names.h"
#include "net/encode_url.h"
#include "tracking/names.h"

namespace quern::exchange {
namespace {

using tracking::Experiment;
using tracking::ModelRecord;
using tracking::RunRecord;

/// Of a file's name, in bytes: what Linux's file systems take.
constexpr size_t kMaxName = 255;
/// Numbers of MLflow's enum of where a run's code came from.
constexpr int kSourceLocal = 4;

template <class Map>
std::vector<std::string> KeysOf(const Map& map) {
  std::vector<std::string> keys;
  for (const auto& [key, value] : map) keys.push_back(key);
  return keys;
}

std::string Stage(bool deleted) { return deleted ? "deleted" : "active"; }

/// An id of a folder, made of parts as MLflow does.
std::string IdOf(std::string_view first, std::string_view second) {
  Digester digester;
  digester.Add(first).Add(second);
  return digester.Finish().substr(0, 32);
}

std::string Line(const tracking::Point& point, const std::string& rest) {
  return std::to_string(point.time_ms) + " " + ShortestDouble(point.value) + " " +
         std::to_string(point.step) + rest + "\n";
}

/// " NAME DIGEST", or "" for what a line, whose fields stand between blanks, cannot hold.
std::string DatasetFields(const tracking::MetricPoint& point) {
  const auto fits = [](const std::string& text) {
    return !text.empty() && text.find_first_of(" \t\r\n") == std::string::npos;
  };
  if (!fits(point.dataset_name) || !fits(point.dataset_digest)) return {};
  return " " + point.dataset_name + " " + point.dataset_digest;
}

/// Which dataset a run's value was measured on, where a logged model knows it.
using Datasets = std::map<std::tuple<std::string, int64_t, int64_t, double>, std::string>;

Datasets DatasetsOf(const std::string& run_id, const std::vector<ModelRecord>& models) {
  Datasets datasets;
  for (const ModelRecord& record : models) {
    for (const auto& [point, run] : record.model.metrics) {
      const std::string fields = DatasetFields(point);
      if (run != run_id || fields.empty() || std::isnan(point.value)) continue;
      datasets[{point.key, point.time_ms, point.step, point.value}] = fields;
    }
  }
  return datasets;
}

}  // namespace

std::string FolderWriter::PathOf(const Experiment& experiment) {
  return (experiment.deleted ? ".trash/" : "") + std::to_string(experiment.id);
}

std::string FolderWriter::PathOf(const Experiment& experiment, const RunRecord& run) {
  return PathOf(experiment) + "/" + run.info.id;
}

std::string FolderWriter::PathOf(const Experiment& experiment, const ModelRecord& model) {
  return PathOf(experiment) + "/models/" + model.model.id;
}

std::string FolderWriter::PathOf(const registry::ModelVersion& version) {
  return "models/" + version.name + "/version-" + std::to_string(version.version);
}

std::string FolderWriter::UriOf(const std::string& path) const {
  std::string uri = "file://";
  // MLflow moves a deleted experiment's folder and leaves what is written in it.
  const std::string_view trash = ".trash/";
  const std::string_view shown =
      path.starts_with(trash) ? std::string_view(path).substr(trash.size()) : path;
  for (const char c : place_ + "/" + std::string(shown)) {
    uri += c == '/' ? "/" : net::EncodeUrl(std::string_view(&c, 1));
  }
  return uri;
}

Status FolderWriter::Begin() {
  for (const char* name : {"", "/.trash", "/models"}) QUERN_TRY(fs_.MakeDirs(folder_ + name));
  return {};
}

Result<std::unique_ptr<FileWriter>> FolderWriter::Create(const std::string& path) {
  const std::string full = JoinPath(folder_, path);
  const std::string parent = DirName(full);
  if (made_.insert(parent).second) QUERN_TRY(fs_.MakeDirs(parent));
  return fs_.Create(full);
}

Status FolderWriter::WriteFile(const std::string& path, std::string_view content) {
  QUERN_ASSIGN(const auto file, Create(path));
  return file->Append(content);
}

Status FolderWriter::WriteMeta(const std::string& folder, const MetaText& meta) {
  return WriteFile(folder + "/meta.yaml", meta.text());
}

std::vector<std::string> FolderWriter::Fitting(const std::string& folder,
                                               const std::vector<std::string>& keys) {
  const std::set<std::string> all(keys.begin(), keys.end());
  std::vector<std::string> fitting;
  for (const std::string& key : keys) {
    std::string problem;
    for (size_t slash = key.find('/'); slash != std::string::npos;
         slash = key.find('/', slash + 1)) {
      if (all.contains(key.substr(0, slash))) {
        problem = "'" + key.substr(0, slash) +
                  "' is a file there, and this would lie in a folder "
                  "of that name";
      }
    }
    for (const std::string_view part : Split(key, '/')) {
      if (part.size() > kMaxName) problem = "it is too long for the name of a file";
    }
    if (const Status named = tracking::CheckKey(key, "key"); !named) {
      problem = named.error().message;
    }
    if (problem.empty()) {
      fitting.push_back(key);
    } else {
      report_.Damaged({Code::kInvalidArgument,
                       "'" + key + "' of " + folder + " cannot be written: " + problem,
                       "MLflow keeps each in a file of its name",
                       {},
                       {}});
    }
  }
  return fitting;
}

Status FolderWriter::WriteKeys(const std::string& folder, const tracking::Texts& texts) {
  for (const std::string& key : Fitting(folder, KeysOf(texts))) {
    QUERN_TRY(WriteFile(folder + "/" + key, texts.at(key)));
  }
  return {};
}

Status FolderWriter::Write(const Experiment& experiment) {
  const std::string folder = PathOf(experiment);
  MetaText meta;
  meta.Text("artifact_location", experiment.artifact_location)
      .Int("creation_time", experiment.created_ms)
      .Text("experiment_id", std::to_string(experiment.id))
      .Int("last_update_time", experiment.updated_ms)
      .Text("lifecycle_stage", Stage(experiment.deleted))
      .Text("name", experiment.name);
  QUERN_TRY(WriteMeta(folder, meta));
  return WriteKeys(folder + "/tags", experiment.tags);
}

Status FolderWriter::Write(const Experiment& experiment, const RunRecord& run,
                           const std::vector<ModelRecord>& models) {
  const std::string folder = PathOf(experiment, run);
  const tracking::RunInfo& info = run.info;
  MetaText meta;
  meta.Text("artifact_uri", info.artifact_uri)
      .IntOrNull("deleted_time", run.deleted_ms)
      .IntOrNull("end_time", info.end_ms)
      .Text("entry_point_name", "")
      .Text("experiment_id", std::to_string(experiment.id))
      .Text("lifecycle_stage", Stage(info.deleted))
      .Text("run_id", info.id)
      .Text("run_name", info.name)
      .Text("source_name", "")
      .Int("source_type", kSourceLocal)
      .Text("source_version", "")
      .Int("start_time", info.start_ms)
      .Int("status", RunStatusNumber(info.status))
      .Text("user_id", info.user_id);
  QUERN_TRY(WriteMeta(folder, meta));
  // MLflow takes a folder without these three for no run.
  for (const char* name : {"/metrics", "/params", "/artifacts"}) {
    QUERN_TRY(fs_.MakeDirs(JoinPath(folder_, folder + name)));
  }
  QUERN_TRY(WriteKeys(folder + "/params", run.params));
  QUERN_TRY(WriteKeys(folder + "/tags", run.tags));
  const Datasets datasets = DatasetsOf(info.id, models);
  for (const std::string& key : Fitting(folder + "/metrics", KeysOf(run.metrics))) {
    std::string lines;
    for (const tracking::Point& point : run.metrics.at(key)) {
      const auto dataset = std::isnan(point.value)
                               ? datasets.end()
                               : datasets.find({key, point.time_ms, point.step, point.value});
      lines += Line(point, dataset == datasets.end() ? "" : dataset->second);
    }
    QUERN_TRY(WriteFile(folder + "/metrics/" + key, lines));
  }
  return WriteLinks(PathOf(experiment), folder, run);
}

Status FolderWriter::WriteLinks(const std::string& experiment, const std::string& run_folder,
                                const RunRecord& run) {
  for (const tracking::DatasetInput& input : run.datasets) {
    const tracking::Dataset& dataset = input.dataset;
    const std::string id = IdOf(dataset.name, dataset.digest);
    const std::string folder = experiment + "/datasets/" + id;
    if (!made_.contains(JoinPath(folder_, folder))) {
      MetaText meta;
      meta.Text("digest", dataset.digest)
          .Text("name", dataset.name)
          .TextOrNull("profile", dataset.profile.value_or(""))
          .TextOrNull("schema", dataset.schema.value_or(""))
          .Text("source", dataset.source)
          .Text("source_type", dataset.source_type);
      QUERN_TRY(WriteMeta(folder, meta));
    }
    MetaText link;
    link.Text("destination_id", id)
        .Text("destination_type", "RUN")
        .Text("source_id", id)
        .Text("source_type", "DATASET")
        .Map("tags", input.tags);
    QUERN_TRY(WriteMeta(run_folder + "/inputs/" + IdOf(id, run.info.id), link));
  }
  const auto link_models = [&](const std::vector<tracking::ModelLink>& links, bool output) {
    for (const tracking::ModelLink& model : links) {
      // Clients may have said anything, and this becomes the name of a folder.
      if (Status named = CheckId(model.model_id, "logged model"); !named) {
        report_.Damaged(Within(named.error(), "writing " + run_folder).error());
        continue;
      }
      MetaText link;
      link.Text("destination_id", model.model_id)
          .Text("destination_type", output ? "MODEL_OUTPUT" : "RUN")
          .Text("source_id", model.model_id)
          .Text("source_type", output ? "RUN_OUTPUT" : "MODEL");
      if (output) link.Int("step", model.step);
      link.Map("tags", {});
      Status written =
          WriteMeta(run_folder + (output ? "/outputs/" + model.model_id
                                         : "/inputs/" + IdOf(model.model_id, run.info.id)),
                    link);
      if (!written) return written;
    }
    return Status();
  };
  QUERN_TRY(link_models(run.model_inputs, false));
  return link_models(run.model_outputs, true);
}

Status FolderWriter::Write(const Experiment& experiment, const ModelRecord& record) {
  const std::string folder = PathOf(experiment, record);
  const tracking::LoggedModel& model = record.model;
  MetaText meta;
  meta.Text("artifact_location", model.artifact_uri)
      .Int("creation_timestamp", model.created_ms)
      .Text("experiment_id", std::to_string(experiment.id))
      .Int("last_updated_timestamp", model.updated_ms)
      .Text("lifecycle_stage", Stage(record.deleted_ms.has_value()))
      .Text("model_id", model.id)
      .TextOrNull("model_type", model.model_type)
      .Text("name", model.name)
      .TextOrNull("source_run_id", model.source_run_id)
      .Int("status", ModelStatusNumber(model.status))
      .TextOrNull("status_message", model.status_message);
  QUERN_TRY(WriteMeta(folder, meta));
  for (const char* name : {"/metrics", "/params"}) {
    QUERN_TRY(fs_.MakeDirs(JoinPath(folder_, folder + name)));
  }
  QUERN_TRY(WriteKeys(folder + "/params", model.params));
  QUERN_TRY(WriteKeys(folder + "/tags", model.tags));
  std::map<std::string, std::string> lines;
  for (const auto& [point, run_id] : model.metrics) {
    lines[point.key] +=
        Line({point.time_ms, point.step, point.value}, " " + run_id + DatasetFields(point));
  }
  return WriteKeys(folder + "/metrics", lines);
}

Status FolderWriter::Write(const registry::ModelRecord& record) {
  const registry::RegisteredModel& model = record.model;
  const std::string folder = "models/" + model.name;
  MetaText meta;
  meta.Int("creation_timestamp", model.created_ms)
      .TextOrNull("description", model.description)
      .Int("last_updated_timestamp", model.updated_ms)
      .Text("name", model.name);
  QUERN_TRY(WriteMeta(folder, meta));
  QUERN_TRY(WriteKeys(folder + "/tags", model.tags));
  for (const registry::Alias& alias : model.aliases) {
    QUERN_TRY(WriteFile(folder + "/aliases/" + alias.alias, std::to_string(alias.version)));
  }
  for (const registry::ModelVersion& version : record.versions) {
    MetaText fields;
    fields.Int("creation_timestamp", version.created_ms)
        .Text("current_stage", version.stage)
        .TextOrNull("description", version.description)
        .Int("last_updated_timestamp", version.updated_ms)
        .TextOrNull("model_id", version.model_id)
        .Text("name", version.name)
        .TextOrNull("run_id", version.run_id)
        .TextOrNull("run_link", version.run_link)
        .Text("source", version.source)
        .Text("status", version.status)
        .TextOrNull("status_message", version.status_message)
        .Text("storage_location", version.storage)
        .TextOrNull("user_id", version.user_id)
        .Int("version", version.version);
    QUERN_TRY(WriteMeta(PathOf(version), fields));
    QUERN_TRY(WriteKeys(PathOf(version) + "/tags", version.tags));
  }
  return {};
}

}  // namespace quern::exchange
