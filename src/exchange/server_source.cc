#include "exchange/server_source.h"

#include "base/json.h"
#include "base/json_fields.h"
#include "base/text.h"
#include "exchange/mlflow_words.h"
#include "net/encode_url.h"
#include "registry/names.h"
#include "registry/source.h"

namespace quern::exchange {
namespace {

using tracking::Experiment;
using tracking::ModelRecord;
using tracking::RunRecord;

constexpr char kApi[] = "/api/2.0/mlflow/";
/// Of a page; a run comes with all of its parameters and tags.
constexpr int kRunsPage = 200;

std::optional<std::string> TextIfThere(const json::object& object, std::string_view key) {
  if (!object.contains(key)) return std::nullopt;
  return TextAt(object, key);
}

tracking::Point PointOf(const json::object& metric) {
  return {IntAt(metric, "timestamp").value_or(0), IntAt(metric, "step").value_or(0),
          MetricAt(metric, "value")};
}

void ReadLinks(const json::object& run, RunRecord& record) {
  const json::object& inputs = ObjectAt(run, "inputs");
  for (const json::value& item : ArrayAt(inputs, "dataset_inputs")) {
    if (!item.is_object()) continue;
    const json::object& dataset = ObjectAt(item.get_object(), "dataset");
    record.datasets.push_back({{TextAt(dataset, "name"), TextAt(dataset, "digest"),
                                TextAt(dataset, "source_type"), TextAt(dataset, "source"),
                                TextIfThere(dataset, "schema"), TextIfThere(dataset, "profile")},
                               PairsOf(ArrayAt(item.get_object(), "tags"))});
  }
  for (const json::value& item : ArrayAt(inputs, "model_inputs")) {
    if (item.is_object()) {
      record.model_inputs.push_back({TextAt(item.get_object(), "model_id"), 0});
    }
  }
  for (const json::value& item : ArrayAt(ObjectAt(run, "outputs"), "model_outputs")) {
    if (!item.is_object()) continue;
    record.model_outputs.push_back(
        {TextAt(item.get_object(), "model_id"), IntAt(item.get_object(), "step").value_or(0)});
  }
}

Result<RunRecord> RunOf(const json::object& run, int64_t experiment_id) {
  const json::object& info = ObjectAt(run, "info");
  const json::object& data = ObjectAt(run, "data");
  RunRecord record;
  record.info.id = TextAt(info, info.contains("run_id") ? "run_id" : "run_uuid");
  record.info.experiment_id = experiment_id;
  record.info.user_id = TextAt(info, "user_id");
  record.info.start_ms = IntAt(info, "start_time").value_or(0);
  record.info.end_ms = IntAt(info, "end_time");
  record.info.artifact_uri = TextAt(info, "artifact_uri");
  record.info.deleted = TextAt(info, "lifecycle_stage") == "deleted";
  record.params = PairsOf(ArrayAt(data, "params"));
  record.tags = PairsOf(ArrayAt(data, "tags"));
  record.info.name = TextAt(info, "run_name");
  if (const auto tag = record.tags.find(kRunNameTag); tag != record.tags.end()) {
    if (record.info.name.empty()) record.info.name = tag->second;
  }
  for (const json::value& metric : ArrayAt(data, "metrics")) {
    if (metric.is_object()) {
      record.metrics[TextAt(metric.get_object(), "key")] = {PointOf(metric.get_object())};
    }
  }
  ReadLinks(run, record);
  const auto status = RunStatusWord(TextAt(info, "status"));
  if (!status) {
    return Fail(Code::kInvalidArgument, "the run " + record.info.id + " has the unknown status '" +
                                            TextAt(info, "status") + "'");
  }
  record.info.status = *status;
  return record;
}

Result<ModelRecord> ModelOf(const json::object& object, int64_t experiment_id) {
  const json::object& info = ObjectAt(object, "info");
  ModelRecord record;
  tracking::LoggedModel& model = record.model;
  model.id = TextAt(info, "model_id");
  model.experiment_id = experiment_id;
  model.name = TextAt(info, "name");
  model.model_type = TextAt(info, "model_type");
  model.source_run_id = TextAt(info, "source_run_id");
  model.artifact_uri = TextAt(info, "artifact_uri");
  model.status_message = TextAt(info, "status_message");
  model.created_ms = IntAt(info, "creation_timestamp_ms").value_or(0);
  model.updated_ms = IntAt(info, "last_updated_timestamp_ms").value_or(model.created_ms);
  model.tags = PairsOf(ArrayAt(info, "tags"));
  model.params = PairsOf(ArrayAt(ObjectAt(object, "data"), "params"));
  for (const json::value& item : ArrayAt(ObjectAt(object, "data"), "metrics")) {
    if (!item.is_object()) continue;
    const json::object& metric = item.get_object();
    const tracking::Point point = PointOf(metric);
    model.metrics.push_back(
        {{TextAt(metric, "key"), point.value, point.step, point.time_ms, model.id,
          TextAt(metric, "dataset_name"), TextAt(metric, "dataset_digest")},
         TextAt(metric, "run_id")});
  }
  const auto status = ModelStatusWord(TextAt(info, "status"));
  if (!status) {
    return Fail(Code::kInvalidArgument, "the logged model " + model.id +
                                            " has the unknown status '" + TextAt(info, "status") +
                                            "'");
  }
  model.status = *status;
  return record;
}

/// The files of a run or logged model, through the server.
class RemoteTree : public ArtifactTree {
 public:
  RemoteTree(ServerClient& client, ArtifactOwner owner)
      : client_(client),
        owner_(std::move(owner)),
        of_run_(owner_.kind == ArtifactOwner::Kind::kRun) {}

  Status EachFile(
      const std::function<Status(const std::string& path, uint64_t size)>& visit) override {
    return Walk("", 0, visit);
  }

  Status Read(const std::string& path,
              const std::function<Status(std::string_view bytes)>& sink) override {
    Status read =
        of_run_ ? client_.Download("/get-artifact", {{"run_uuid", owner_.id}, {"path", path}}, sink)
                : client_.Download("/ajax-api/2.0/mlflow/logged-models/" +
                                       net::EncodeUrl(owner_.id) + "/artifacts/files",
                                   {{"artifact_file_path", path}}, sink);
    if (read || read.error().code == Code::kCancelled) return read;
    const Code code = read.error().code;
    // The server has it and cannot give it: not the end of the import.
    if (code != Code::kPermissionDenied && code != Code::kResourceExhausted) {
      return Fail(Code::kNotFound, read.error().message);
    }
    return read;
  }

 private:
  Status Walk(const std::string& folder, int depth,
              const std::function<Status(const std::string& path, uint64_t size)>& visit) {
    constexpr int kMaxDepth = 64;
    if (depth > kMaxDepth) return Fail(Code::kNotFound, "'" + folder + "' is nested too deeply");
    const std::string path =
        of_run_ ? std::string(kApi) + "artifacts/list"
                : kApi + ("logged-models/" + net::EncodeUrl(owner_.id)) + "/artifacts/directories";
    Fields query;
    if (of_run_) query.emplace_back("run_id", owner_.id);
    if (!folder.empty()) query.emplace_back(of_run_ ? "path" : "artifact_directory_path", folder);
    Status listed =
        client_.EachOfGet(path, query, "files", [&](const json::object& file) -> Status {
          const std::string name = TextAt(file, "path");
          if (TextAt(file, "is_dir") == "true") return Walk(name, depth + 1, visit);
          return visit(name, static_cast<uint64_t>(IntAt(file, "file_size").value_or(0)));
        });
    if (listed) return listed;
    const Code code = listed.error().code;
    const bool of_server = code == Code::kInvalidArgument || code == Code::kUnavailable ||
                           code == Code::kUnimplemented;
    if (of_server) return Fail(Code::kNotFound, listed.error().message);
    return listed;
  }

  ServerClient& client_;
  ArtifactOwner owner_;
  bool of_run_;
};

}  // namespace

Result<std::vector<Experiment>> ServerSource::Experiments(Report& report) {
  std::vector<Experiment> found;
  QUERN_TRY(client_->EachOfPost(
      kApi + std::string("experiments/search"), {{"view_type", "ALL"}, {"max_results", 1000}},
      "experiments", [&](const json::object& object) -> Status {
        Experiment experiment;
        const auto id = IntAt(object, "experiment_id");
        if (!id) {
          report.Damaged(
              {Code::kInvalidArgument,
               "the experiment's id '" + TextAt(object, "experiment_id") + "' is no number",
               "it was left out",
               {},
               {}});
          return {};
        }
        experiment.id = *id;
        experiment.name = TextAt(object, "name");
        experiment.artifact_location = TextAt(object, "artifact_location");
        experiment.deleted = TextAt(object, "lifecycle_stage") == "deleted";
        experiment.created_ms = IntAt(object, "creation_time").value_or(0);
        experiment.updated_ms = IntAt(object, "last_update_time").value_or(experiment.created_ms);
        experiment.tags = PairsOf(ArrayAt(object, "tags"));
        found.push_back(std::move(experiment));
        return {};
      }));
  return found;
}

Status ServerSource::EachRun(const Experiment& experiment, Report& report,
                             const Visit<RunRecord>& visit) {
  // Oldest first: pages are counted from the start, and new runs must not shift them.
  return client_->EachOfPost(kApi + std::string("runs/search"),
                             {{"experiment_ids", json::array{std::to_string(experiment.id)}},
                              {"run_view_type", "ALL"},
                              {"max_results", kRunsPage},
                              {"order_by", json::array{"attributes.start_time ASC"}}},
                             "runs", [&](const json::object& run) -> Status {
                               auto record = RunOf(run, experiment.id);
                               if (record) return visit(std::move(*record));
                               report.Damaged(record.error());
                               return {};
                             });
}

Status ServerSource::Complete(RunRecord& record, Report&) {
  // A search leaves out which logged models a run read and made.
  QUERN_ASSIGN(const json::value whole,
               client_->Get(kApi + std::string("runs/get"), {{"run_id", record.info.id}}));
  record.datasets.clear();
  record.model_inputs.clear();
  record.model_outputs.clear();
  ReadLinks(ObjectAt(whole.get_object(), "run"), record);
  for (auto& [key, points] : record.metrics) {
    points.clear();
    QUERN_TRY(client_->EachOfGet(
        kApi + std::string("metrics/get-history"),
        {{"run_id", record.info.id}, {"metric_key", key}, {"max_results", "25000"}}, "metrics",
        [&](const json::object& metric) -> Status {
          points.push_back(PointOf(metric));
          return {};
        }));
  }
  return {};
}

Status ServerSource::EachLoggedModel(const Experiment& experiment, Report& report,
                                     const Visit<ModelRecord>& visit) {
  Status searched = client_->EachOfPost(
      kApi + std::string("logged-models/search"),
      {{"experiment_ids", json::array{std::to_string(experiment.id)}}, {"max_results", 50}},
      "models", [&](const json::object& object) -> Status {
        auto record = ModelOf(object, experiment.id);
        if (record) return visit(std::move(*record));
        report.Damaged(record.error());
        return {};
      });
  // Servers before 3.0 have none.
  if (!searched && searched.error().code == Code::kUnimplemented) return {};
  return searched;
}

Status ServerSource::EachRegisteredModel(Report& report,
                                         const Visit<registry::ModelRecord>& visit) {
  const std::string prompts = "tags.`" + std::string(registry::kPromptTag) + "` = 'true'";
  for (const bool prompt : {false, true}) {
    std::vector<registry::ModelRecord> records;
    Fields query{{"max_results", "100"}};
    if (prompt) query.emplace_back("filter", prompts);
    Status searched = client_->EachOfGet(
        kApi + std::string("registered-models/search"), query, "registered_models",
        [&](const json::object& object) -> Status {
          registry::ModelRecord record;
          record.model.name = TextAt(object, "name");
          record.model.description = TextAt(object, "description");
          record.model.created_ms = IntAt(object, "creation_timestamp").value_or(0);
          record.model.updated_ms =
              IntAt(object, "last_updated_timestamp").value_or(record.model.created_ms);
          record.model.tags = PairsOf(ArrayAt(object, "tags"));
          for (const json::value& item : ArrayAt(object, "aliases")) {
            if (!item.is_object()) continue;
            record.model.aliases.push_back({TextAt(item.get_object(), "alias"),
                                            IntAt(item.get_object(), "version").value_or(0)});
          }
          // An old server that does not know of prompts gives the same models for both questions.
          if (registry::IsPrompt(record.model.tags) == prompt) records.push_back(std::move(record));
          return {};
        });
    if (!searched && prompt && searched.error().code == Code::kInvalidArgument) return {};
    QUERN_TRY(searched);
    for (registry::ModelRecord& record : records) {
      QUERN_TRY(ReadVersions(record, prompt, report));
      QUERN_TRY(visit(std::move(record)));
    }
  }
  return {};
}

Status ServerSource::ReadVersions(registry::ModelRecord& record, bool prompt, Report& report) {
  const std::string& name = record.model.name;
  const char quote = name.find('\'') == std::string::npos ? '\'' : '"';
  if (name.find(quote) != std::string::npos) {
    report.Damaged({Code::kInvalidArgument,
                    "the versions of the registered model '" + name +
                        "' cannot be asked for: no filter can hold its name",
                    "rename it there",
                    {},
                    {}});
    return {};
  }
  std::string filter = "name = " + (quote + name) + quote;
  if (prompt) filter += " AND tags.`" + std::string(registry::kPromptTag) + "` = 'true'";
  QUERN_TRY(client_->EachOfGet(
      kApi + std::string("model-versions/search"), {{"filter", filter}, {"max_results", "1000"}},
      "model_versions", [&](const json::object& object) -> Status {
        registry::ModelVersion version;
        version.name = name;
        version.version = IntAt(object, "version").value_or(0);
        version.source = TextAt(object, "source");
        version.run_id = TextAt(object, "run_id");
        version.run_link = TextAt(object, "run_link");
        version.model_id = TextAt(object, "model_id");
        version.user_id = TextAt(object, "user_id");
        version.description = TextAt(object, "description");
        if (object.contains("current_stage")) version.stage = TextAt(object, "current_stage");
        if (object.contains("status")) version.status = TextAt(object, "status");
        version.status_message = TextAt(object, "status_message");
        version.created_ms = IntAt(object, "creation_timestamp").value_or(0);
        version.updated_ms = IntAt(object, "last_updated_timestamp").value_or(version.created_ms);
        version.tags = PairsOf(ArrayAt(object, "tags"));
        record.versions.push_back(std::move(version));
        return {};
      }));
  for (registry::ModelVersion& version : record.versions) {
    version.storage = version.source;
    const auto place = client_->Get(kApi + std::string("model-versions/get-download-uri"),
                                    {{"name", name}, {"version", std::to_string(version.version)}});
    if (place) version.storage = TextAt(place->get_object(), "artifact_uri");
    // A version whose source is gone has no place, and is a version all the same.
    if (!place && place.error().code == Code::kUnavailable) return std::unexpected(place.error());
  }
  return {};
}

Result<std::unique_ptr<ArtifactTree>> ServerSource::Artifacts(const ArtifactOwner& owner) {
  const registry::SourceUri uri = registry::ParseSource(owner.uri);
  const bool through_server = uri.local() || uri.proxied();
  if (owner.kind == ArtifactOwner::Kind::kVersion || !through_server) {
    return Fail(
        Code::kUnimplemented,
        "artifacts in '" + (through_server ? owner.uri : uri.scheme + "://" + uri.authority) + "'");
  }
  return std::unique_ptr<ArtifactTree>(std::make_unique<RemoteTree>(*client_, owner));
}

}  // namespace quern::exchange
