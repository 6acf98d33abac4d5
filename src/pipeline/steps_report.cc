#include <boost/json.hpp>

#include "base/digest.h"
#include "base/text.h"
#include "pipeline/steps.h"
#include "report/page.h"

namespace quern::pipeline {
namespace {

/// A record, or null if the step did not finish.
json::value RecordOf(const StepContext& context, const std::string& step) {
  return context.Has(step) ? context.Output(step).record : json::value(nullptr);
}

json::array RecordsOf(const StepContext& context, const std::vector<std::string>& steps) {
  json::array out;
  for (const std::string& step : steps) {
    if (context.Has(step)) out.push_back(context.Output(step).record);
  }
  return out;
}

std::vector<std::string> Steps(const char* phase, const std::vector<std::string>& names) {
  std::vector<std::string> out;
  for (const std::string& name : names) out.push_back(std::string(phase) + ":" + name);
  return out;
}

/// The report's form of a retraining record: the version that held the title before, with its
/// value.
json::array Retrainings(const StepContext& context, const std::vector<std::string>& stream) {
  json::array out;
  for (json::value record : RecordsOf(context, Steps("retrain", stream))) {
    record.as_object()["champion"] = record.at("before");
    out.push_back(std::move(record));
  }
  return out;
}

json::array Deployments(const StepContext& context, const std::vector<std::string>& stream) {
  json::array out;
  for (const json::value& record : RecordsOf(context, Steps("retrain", stream))) {
    if (!record.at("deployment").is_null()) out.push_back(record.at("deployment"));
  }
  return out;
}

}  // namespace

Step MakeReportStep(World& world, const Graph& graph) {
  Step step = NewStep("report", "report");
  for (const Step& other : graph.steps) step.after.push_back(other.id);
  step.always = true;
  step.run = [&world](StepContext& context) -> Result<StepOutput> {
    std::vector<std::string> sources;
    for (const auto& source : world.project.data.sources) sources.push_back(source.name);
    const auto& stream = world.project.monitoring.stream;
    json::object document{{"project", world.project.name},
                          {"program_version", QUERN_VERSION},
                          {"generated_at", FormatTime(world.workspace.clock().NowMs())},
                          {"run_id", context.pipeline_run_id()},
                          {"design", RecordOf(context, "design")},
                          {"ingest", RecordsOf(context, Steps("ingest", sources))},
                          {"validate", RecordsOf(context, Steps("validate", sources))},
                          {"explore", RecordsOf(context, Steps("explore", sources))},
                          {"train", RecordOf(context, "train")},
                          {"evaluate", RecordOf(context, "evaluate")},
                          {"register", RecordOf(context, "register")},
                          {"deploy", RecordOf(context, "deploy")},
                          {"monitor", RecordsOf(context, Steps("monitor", stream))},
                          {"retrain", Retrainings(context, stream)},
                          {"deployments", Deployments(context, stream)}};
    QUERN_ASSIGN(const auto states, world.workspace.cache().StepsOf(context.pipeline_run_id()));
    json::array steps;
    bool failed = false;
    for (const StepState& state : states) {
      if (state.id == "report") continue;
      failed = failed || state.state == "failed";
      steps.push_back(json::object{{"id", state.id},
                                   {"phase", state.phase},
                                   {"state", state.state},
                                   {"seconds", state.seconds},
                                   {"reason", state.reason}});
    }
    document["state"] = failed ? "FAILED" : "FINISHED";
    document["steps"] = std::move(steps);
    QUERN_ASSIGN(const tracking::LineageGraph lineage, world.workspace.lineage().All());
    document["lineage"] = tracking::LineageJson(lineage);
    const std::string html = report::RenderReport(document);
    QUERN_TRY(world.workspace.fs().WriteAtomic(world.workspace.Path("report.html"), html));
    QUERN_TRY(
        world.workspace.fs().WriteAtomic(world.workspace.Path("report.json"), WriteJson(document)));
    StepOutput output;
    output.record =
        json::object{{"path", world.workspace.Path("report.html")}, {"bytes", html.size()}};
    output.files = {"report.html"};
    output.digest = Sha256("report");
    output.message = FormatBytes(html.size());
    return output;
  };
  return step;
}

}  // namespace quern::pipeline
