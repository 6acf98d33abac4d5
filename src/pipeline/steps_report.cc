#include <boost/json.hpp>

#include "base/digest.h"
#include "base/text.h"
#include "pipeline/steps.h"
#include "report/document.h"
#include "report/page.h"

namespace quern::pipeline {
namespace {

/// The steps of this run as the document has them, with the records of those that finished.
Result<std::vector<report::DocumentStep>> StepsSoFar(World& world, const StepContext& context) {
  QUERN_ASSIGN(const auto states, world.workspace.cache().StepsOf(context.pipeline_run_id()));
  std::vector<report::DocumentStep> steps;
  for (const StepState& state : states) {
    steps.push_back(
        {state.id, state.phase, state.state, state.reason, state.seconds,
         context.Has(state.id) ? context.Output(state.id).record : json::value(nullptr)});
  }
  return steps;
}

}  // namespace

Step MakeReportStep(World& world, const Graph& graph) {
  Step step = NewStep("report", "report");
  for (const Step& other : graph.steps) step.after.push_back(other.id);
  step.always = true;
  step.run = [&world](StepContext& context) -> Result<StepOutput> {
    QUERN_ASSIGN(auto steps, StepsSoFar(world, context));
    QUERN_ASSIGN(const tracking::LineageGraph lineage, world.workspace.lineage().All());
    const json::value document = report::MakeDocument(
        {world.project.name, QUERN_VERSION, FormatTime(world.workspace.clock().NowMs()),
         context.pipeline_run_id()},
        std::move(steps), tracking::LineageJson(lineage));
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
