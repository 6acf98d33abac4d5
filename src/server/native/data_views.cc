#include <algorithm>
#include <boost/json.hpp>

#include "base/json_read.h"
#include "server/native/view_json.h"
#include "server/native/view_routes.h"
#include "tracking/pipeline_history.h"

namespace quern::server::native {
namespace {

using tracking::PipelineHistory;
using tracking::PipelineStep;
using tracking::StepResult;

/// How many checks there are and how many failed, by severity.
json::value CheckCounts(const json::value& record) {
  if (record.is_null()) return nullptr;
  int64_t errors = 0, warnings = 0;
  for (const json::value& check : ListAt(record, "/checks")) {
    if (TrueAt(check, "/success")) continue;
    ++(TextAt(check, "/severity") == "error" ? errors : warnings);
  }
  return json::object{{"total", ListAt(record, "/checks").size()},
                      {"errors", errors},
                      {"warnings", warnings},
                      {"success", At(record, "/success")},
                      {"scores", At(record, "/scores")}};
}

/// The steps of the last run of all, or of a project.
Result<std::vector<PipelineStep>> Stand(PipelineHistory& history, const std::string& project) {
  QUERN_ASSIGN(const auto runs, history.Runs(project, 1));
  if (runs.empty()) return std::vector<PipelineStep>();
  return history.Standing(runs.front(), true);
}

struct Source {
  const PipelineStep* ingest = nullptr;
  const PipelineStep* validate = nullptr;
  const PipelineStep* explore = nullptr;
  const PipelineStep* monitor = nullptr;
};

/// Steps are called "ingest:NAME".
std::vector<std::pair<std::string, Source>> SourcesOf(const std::vector<PipelineStep>& steps) {
  std::vector<std::pair<std::string, Source>> sources;
  for (const PipelineStep& step : steps) {
    const bool known = step.phase == "ingest" || step.phase == "validate" ||
                       step.phase == "explore" || step.phase == "monitor";
    const size_t colon = step.id.find(':');
    if (!known || colon == std::string::npos) continue;
    const std::string name = step.id.substr(colon + 1);
    auto found = std::find_if(sources.begin(), sources.end(),
                              [&](const auto& source) { return source.first == name; });
    if (found == sources.end()) {
      sources.emplace_back(name, Source());
      found = sources.end() - 1;
    }
    Source& source = found->second;
    (step.phase == "ingest"     ? source.ingest
     : step.phase == "validate" ? source.validate
     : step.phase == "explore"  ? source.explore
                                : source.monitor) = &step;
  }
  return sources;
}

const json::value& RecordOf(const PipelineStep* step) {
  static const json::value kNull;
  return step == nullptr ? kNull : step->record;
}

Result<json::value> Sources(const ViewContext& c, const mlflow::Args& args) {
  const std::string project = args.Text("project");
  QUERN_TRY(args.status());
  PipelineHistory history(c.database);
  QUERN_ASSIGN(const auto steps, Stand(history, project));
  json::array out;
  for (const auto& [name, source] : SourcesOf(steps)) {
    const json::value& ingest = RecordOf(source.ingest);
    const PipelineStep* any = source.ingest != nullptr ? source.ingest : source.validate;
    out.push_back(
        json::object{{"source", name},
                     // Later batches are those that monitoring takes.
                     {"use", source.monitor != nullptr ? "later" : "training"},
                     {"state", any == nullptr ? json::value(nullptr) : json::value(any->state)},
                     {"reason", any == nullptr ? json::value(nullptr) : TextOrNull(any->reason)},
                     {"rows", At(ingest, "/rows")},
                     {"rejected", At(ingest, "/rejected")},
                     {"bytes", At(ingest, "/bytes")},
                     {"path", At(ingest, "/path")},
                     {"format", At(ingest, "/format")},
                     {"digest", At(ingest, "/digest")},
                     {"snapshot", At(ingest, "/snapshot")},
                     {"columns", ListAt(ingest, "/columns").size()},
                     {"read_ms", source.ingest == nullptr || source.ingest->finished_ms == 0
                                     ? json::value(nullptr)
                                     : json::value(source.ingest->finished_ms)},
                     {"checks", CheckCounts(RecordOf(source.validate))},
                     {"alerts", ListAt(RecordOf(source.explore), "/alerts").size()}});
  }
  return json::object{{"sources", std::move(out)}};
}

/// One look at a source, of its history: what each check said.
json::object CheckRun(const StepResult& result) {
  json::array checks;
  for (const json::value& check : ListAt(result.record, "/checks")) {
    checks.push_back(json::object{{"name", At(check, "/name")},
                                  {"text", At(check, "/text")},
                                  {"success", At(check, "/success")},
                                  {"severity", At(check, "/severity")},
                                  {"share", At(check, "/share")}});
  }
  return json::object{{"at_ms", result.finished_ms},
                      {"run_id", result.run_id},
                      {"rows", At(result.record, "/rows")},
                      {"counts", CheckCounts(result.record)},
                      {"checks", std::move(checks)}};
}

Result<json::value> OneSource(const ViewContext& c, const mlflow::Args& args) {
  const std::string name = args.PathParam("source");
  const std::string project = args.Text("project");
  const int64_t limit = ReadLimit(args, 20);
  QUERN_TRY(args.status());
  PipelineHistory history(c.database);
  QUERN_ASSIGN(const auto steps, Stand(history, project));
  const auto sources = SourcesOf(steps);
  const auto found = std::find_if(sources.begin(), sources.end(),
                                  [&](const auto& source) { return source.first == name; });
  if (found == sources.end()) {
    return Fail(Code::kNotFound, "no source '" + name + "' has been read",
                "GET /api/2.0/quern/data lists those that have");
  }
  QUERN_ASSIGN(const auto ingests, history.Results("ingest:" + name, limit));
  QUERN_ASSIGN(const auto validates, history.Results("validate:" + name, limit));
  json::array snapshots, checks;
  for (const StepResult& result : ingests) {
    snapshots.push_back(json::object{{"at_ms", result.finished_ms},
                                     {"run_id", result.run_id},
                                     {"rows", At(result.record, "/rows")},
                                     {"rejected", At(result.record, "/rejected")},
                                     {"bytes", At(result.record, "/bytes")},
                                     {"digest", At(result.record, "/digest")},
                                     {"source_digest", At(result.record, "/source_digest")},
                                     {"snapshot", At(result.record, "/snapshot")}});
  }
  for (const StepResult& result : validates) checks.push_back(CheckRun(result));
  const Source& source = found->second;
  return json::object{{"source", name},
                      {"use", source.monitor != nullptr ? "later" : "training"},
                      {"ingest", RecordOf(source.ingest)},
                      {"validate", RecordOf(source.validate)},
                      {"explore", RecordOf(source.explore)},
                      {"snapshots", std::move(snapshots)},
                      {"history", std::move(checks)}};
}

}  // namespace

std::vector<ViewRoute> DataViews() {
  return {
      {"/quern/data", "sources of the data: rows, snapshot, checks", Sources},
      {"/quern/data/{source}", "one source: profile, checks, rejects, and both over time",
       OneSource},
  };
}

}  // namespace quern::server::native
