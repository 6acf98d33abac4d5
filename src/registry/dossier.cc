#include "registry/dossier.h"

#include <algorithm>
#include <boost/json.hpp>

#include "base/json_read.h"
#include "base/text.h"
#include "registry/facts.h"
#include "registry/names.h"
#include "registry/reviews.h"
#include "registry/rows.h"
#include "tracking/pipeline_history.h"

namespace quern::registry {
namespace {

using tracking::PipelineHistory;
using tracking::StepResult;

/// Results of one step, and runs of the pipeline, that are looked through.
constexpr int64_t kResults = 200;
constexpr int64_t kRuns = 50;
/// Larger ones are no JSON of ours.
constexpr uint64_t kMostBytes = 16u << 20;

json::value ReadJsonFile(const std::string& path, Fs& fs) {
  const auto info = fs.Stat(path);
  if (!info || info->size > kMostBytes) return nullptr;
  const auto text = fs.Read(path);
  if (!text) return nullptr;
  auto value = ParseJson(*text, {.name = path});
  return value ? std::move(*value) : json::value(nullptr);
}

/// The newest record of a step that `fits`.
template <class Fits>
Result<json::value> Newest(PipelineHistory& history, const std::string& step, const Fits& fits) {
  QUERN_ASSIGN(auto results, history.Results(step, kResults));
  for (StepResult& result : results) {
    if (fits(result)) return std::move(result.record);
  }
  return json::value(nullptr);
}

bool IsOf(const json::value& record, const ModelVersion& version) {
  return At(record, "/version") == json::value(version.version);
}

Status ReadMaking(PipelineHistory& history, Dossier& dossier) {
  const ModelVersion& version = dossier.version;
  if (version.digest.empty()) return {};
  QUERN_ASSIGN(dossier.train, Newest(history, "train", [&](const StepResult& result) {
                 return TextAt(result.record, "/model_digest") == version.digest;
               }));
  QUERN_ASSIGN(dossier.evaluate, Newest(history, "evaluate", [&](const StepResult& result) {
                 return !dossier.train.is_null() &&
                        At(result.record, "/metrics") == dossier.metrics;
               }));
  QUERN_ASSIGN(dossier.design, Newest(history, "design", [&](const StepResult& result) {
                 return TextAt(result.record, "/project") == version.name &&
                        result.finished_ms <= version.created_ms;
               }));
  QUERN_ASSIGN(dossier.deploy, Newest(history, "deploy", [&](const StepResult& result) {
                 return TextAt(result.record, "/name") == version.name &&
                        IsOf(result.record, version);
               }));
  return {};
}

/// The snapshots that a package names ("snapshot:cleveland@1f2e3d4c5b6a"), each with the record of
/// the ingestion that made it. The tag `quern.data` is no such list: of a retraining it is a
/// phrase.
Status ReadSnapshots(PipelineHistory& history, const json::value& lineage, Dossier& dossier) {
  constexpr std::string_view kKind = "snapshot:";
  for (const json::value& input : ListAt(lineage, "/inputs")) {
    if (!input.is_string()) continue;
    const std::string_view id = input.get_string();
    const size_t at = id.rfind('@');
    if (!id.starts_with(kKind) || at == std::string_view::npos) continue;
    const std::string source(id.substr(kKind.size(), at - kKind.size()));
    const std::string digest(id.substr(at + 1));
    QUERN_ASSIGN(json::value record,
                 Newest(history, "ingest:" + source, [&](const StepResult& result) {
                   return TextAt(result.record, "/digest").starts_with(digest);
                 }));
    if (record.is_null()) record = json::object{{"source", source}, {"digest", digest}};
    dossier.data.push_back(std::move(record));
  }
  return {};
}

/// What retrainings and batches said of the version.
Status ReadLater(PipelineHistory& history, Dossier& dossier) {
  const ModelVersion& version = dossier.version;
  QUERN_ASSIGN(const auto retrainings, history.StepIds("retrain", kRuns));
  for (const std::string& step : retrainings) {
    QUERN_ASSIGN(const auto results, history.Results(step, kResults));
    for (const StepResult& result : results) {
      const std::string model = TextAt(result.record, "/champion/name");
      for (const json::value& candidate : ListAt(result.record, "/candidates")) {
        if (model != version.name || !IsOf(candidate, version)) continue;
        dossier.candidate = candidate;
        dossier.retrain = result.record;
        const json::value& served = At(result.record, "/deployment");
        if (served.is_object()) dossier.deploy = served;
      }
    }
  }
  QUERN_ASSIGN(const auto batches, history.StepIds("monitor", kRuns));
  std::vector<StepResult> found;
  for (const std::string& step : batches) {
    QUERN_ASSIGN(auto results, history.Results(step, kResults));
    for (StepResult& result : results) {
      const bool mine =
          TextAt(result.record, "/model") == version.name && IsOf(result.record, version);
      if (!mine) continue;
      found.push_back(std::move(result));
      break;
    }
  }
  std::sort(found.begin(), found.end(),
            [](const StepResult& a, const StepResult& b) { return a.finished_ms < b.finished_ms; });
  for (StepResult& result : found) dossier.monitor.push_back(std::move(result.record));
  return {};
}

/// What a JSON text holds at `field`; null if it is no JSON or lacks it.
json::value FieldOf(const std::string& text, std::string_view field) {
  const auto parsed = ParseJson(text);
  return parsed ? At(*parsed, field) : json::value(nullptr);
}

/// The datasets that the run says it read.
Status ReadDatasets(store::Database& database, Dossier& dossier) {
  return database.Query(
      "SELECT d.name, d.digest, d.profile, d.source FROM run_inputs i JOIN runs r ON r.num = i.run "
      "JOIN datasets d ON d.num = i.dataset WHERE r.id = ? ORDER BY i.num",
      {dossier.version.run_id}, [&](const store::Row& row) {
        dossier.data.push_back(json::object{{"source", row.Text(0)},
                                            {"digest", row.Text(1)},
                                            {"rows", FieldOf(row.Text(2), "/num_rows")},
                                            {"path", FieldOf(row.Text(3), "/uri")}});
      });
}

/// Metrics of a logged model name their datasets. One that was measured on several of them has no
/// dataset: which of the values the run kept is not known.
Status ReadMetricDatasets(store::Database& database, Dossier& dossier) {
  if (dossier.version.model_id.empty()) return {};
  json::object found;
  QUERN_TRY(database.Query(
      "SELECT DISTINCT m.key, m.dataset_name, m.dataset_digest FROM logged_model_metrics m JOIN "
      "logged_models l ON l.num = m.model WHERE l.id = ? AND m.dataset_name <> '' ORDER BY m.key",
      {dossier.version.model_id}, [&](const store::Row& row) {
        json::value& dataset = found[row.Text(0)];
        const bool first = dataset.is_null();
        dataset = first ? json::value(json::object{{"name", row.Text(1)}, {"digest", row.Text(2)}})
                        : json::value(json::object());
      }));
  if (!found.empty()) dossier.metric_datasets = std::move(found);
  return {};
}

/// Metrics, parameters and datasets of the run, for a version that a client registered.
Status ReadRun(store::Database& database, Dossier& dossier) {
  const ModelVersion& version = dossier.version;
  if (version.run_id.empty()) return {};
  if (dossier.metrics.is_null()) {
    json::object metrics;
    QUERN_TRY(database.Query(
        "SELECT s.key, s.last_value FROM metric_series s JOIN runs r ON r.num = s.run "
        "WHERE r.id = ? AND s.last_value IS NOT NULL ORDER BY s.key",
        {version.run_id}, [&](const store::Row& row) {
          metrics[row.Text(0)] =
              json::object{{"value", row.Number(1)}, {"low", nullptr}, {"high", nullptr}};
        }));
    if (!metrics.empty()) dossier.metrics = std::move(metrics);
    QUERN_TRY(ReadMetricDatasets(database, dossier));
  }
  if (dossier.parameters.is_null()) {
    json::object parameters;
    QUERN_TRY(database.Query(
        "SELECT p.key, p.value FROM run_params p JOIN runs r ON "
        "r.num = p.run WHERE r.id = ? ORDER BY p.key",
        {version.run_id}, [&](const store::Row& row) { parameters[row.Text(0)] = row.Text(1); }));
    if (!parameters.empty()) dossier.parameters = std::move(parameters);
  }
  return dossier.data.empty() ? ReadDatasets(database, dossier) : Status();
}

}  // namespace

PackageFiles ReadPackageFiles(const ModelVersion& version, const std::string& state_dir, Fs& fs) {
  PackageFiles files;
  if (version.path.empty()) return files;
  const std::string folder = JoinPath(state_dir, version.path);
  files.described = ReadJsonFile(JoinPath(folder, "quern.json"), fs);
  if (files.described.is_null()) return files;
  files.example = ReadJsonFile(JoinPath(folder, "serving_input_example.json"), fs);
  files.lineage = ReadJsonFile(JoinPath(folder, "lineage.json"), fs);
  const auto names = fs.List(folder);
  if (!names) return files;
  for (const std::string& name : *names) {
    if (const auto one = fs.Stat(JoinPath(folder, name)); one && !one->is_dir) {
      files.bytes += one->size;
    }
  }
  return files;
}

json::value TagJson(const ModelVersion& version, const char* key) {
  const auto tag = version.tags.find(key);
  if (tag == version.tags.end()) return nullptr;
  auto value = ParseJson(tag->second);
  return value ? std::move(*value) : json::value(nullptr);
}

Result<Dossier> ReadDossier(store::Database& database, const std::string& state_dir, Fs& fs,
                            const std::string& name, int64_t version) {
  QUERN_ASSIGN(auto found, SelectVersions(database, "v.name = ? AND v.version = ?", {name, version},
                                          "v.version"));
  if (found.empty()) return NoVersion(name, std::to_string(version));
  Dossier dossier;
  dossier.version = std::move(found.front());
  QUERN_TRY(
      database.Query("SELECT description FROM registered_models WHERE name = ?", {name},
                     [&](const store::Row& row) { dossier.model_description = row.Text(0); }));
  dossier.metrics = TagJson(dossier.version, "quern.metrics");
  PackageFiles files = ReadPackageFiles(dossier.version, state_dir, fs);
  dossier.package = std::move(files.described);
  dossier.bytes = files.bytes;
  dossier.parameters = At(dossier.package, "/params");
  PipelineHistory history(database);
  QUERN_TRY(ReadMaking(history, dossier));
  QUERN_TRY(ReadSnapshots(history, At(files.lineage, "/lineage"), dossier));
  QUERN_TRY(ReadLater(history, dossier));
  FillFromFacts(dossier);
  QUERN_TRY(ReadRun(database, dossier));
  QUERN_ASSIGN(dossier.reviews, ReviewsOf(database, name, version));
  return dossier;
}

}  // namespace quern::registry
