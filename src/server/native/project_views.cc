#include <algorithm>
#include <boost/json.hpp>

#include "base/json_read.h"
#include "base/text.h"
#include "base/time.h"
#include "registry/overview.h"
#include "report/document.h"
#include "server/native/life_cycle.h"
#include "server/native/requirements.h"
#include "server/native/view_json.h"
#include "server/native/view_routes.h"
#include "tracking/lineage.h"
#include "tracking/pipeline_history.h"

namespace quern::server::native {
namespace {

using tracking::PipelineHistory;
using tracking::PipelineRun;
using tracking::PipelineStep;

constexpr int64_t kProjects = 100;

json::value OrNull(std::optional<int64_t> value) {
  return value ? json::value(*value) : json::value(nullptr);
}

json::object RunJson(const PipelineRun& run) {
  return json::object{{"id", run.id},
                      {"project", run.project},
                      {"state", run.state},
                      {"start_ms", run.start_ms},
                      {"end_ms", OrNull(run.end_ms)},
                      {"summary", run.summary}};
}

json::object StepJson(const PipelineStep& step) {
  return json::object{
      {"id", step.id},
      {"phase", step.phase},
      {"state", step.state},
      {"reason", step.reason},
      {"seconds", step.seconds},
      {"outcome", TextOrNull(step.outcome)},
      {"message", step.message},
      {"finished_ms", step.finished_ms == 0 ? json::value(nullptr) : json::value(step.finished_ms)},
      {"run_id", step.run_id}};
}

/// The run that is meant: `run_id`, else the last one of `project`, else the last one of all.
/// Nothing if there is none; kNotFound for a name or an id that is none.
Result<std::optional<PipelineRun>> Meant(PipelineHistory& history, const mlflow::Args& args) {
  const std::string id = args.Text("run_id");
  const std::string project = args.Text("project");
  QUERN_TRY(args.status());
  if (!id.empty()) {
    QUERN_ASSIGN(PipelineRun run, history.Run(id));
    return std::optional(std::move(run));
  }
  QUERN_ASSIGN(auto runs, history.Runs(project, 1));
  if (!runs.empty()) return std::optional(std::move(runs.front()));
  if (!project.empty()) {
    return Fail(Code::kNotFound, "no project '" + project + "' has run here",
                "GET /api/2.0/quern/overview lists those that have");
  }
  return std::optional<PipelineRun>();
}

/// The plan of the project file beside the store, if that is the project of `run`.
json::value PlanJson(const ViewContext& c, const PipelineRun& run, Standing& standing) {
  if (!c.plan.known()) {
    return json::object{{"known", false},
                        {"why",
                         "this store has no project file beside it: states are those of "
                         "the last run"}};
  }
  auto plan = c.plan.Get();
  if (!plan) {
    return json::object{{"known", false}, {"why", plan.error().message}};
  }
  if (plan->project != run.project) {
    return json::object{{"known", false},
                        {"why", "the project file beside this store is that of '" + plan->project +
                                    "': states are those of the last run"}};
  }
  json::array steps;
  size_t stale = 0;
  for (const PlannedStep& step : plan->steps) {
    if (step.phase == "report") continue;
    if (step.state == "planned") ++stale;
    steps.push_back(json::object{
        {"id", step.id}, {"phase", step.phase}, {"state", step.state}, {"reason", step.reason}});
  }
  standing.plan = std::move(plan->steps);
  return json::object{
      {"known", true}, {"why", nullptr}, {"stale", stale}, {"steps", std::move(steps)}};
}

Result<bool> Any(const ViewContext& c, const char* sql) {
  bool any = false;
  QUERN_TRY(c.database.Query(sql, {}, [&](const store::Row&) { any = true; }));
  return any;
}

Result<json::value> StoreJson(const ViewContext& c) {
  QUERN_ASSIGN(const bool runs, Any(c, "SELECT 1 FROM runs LIMIT 1"));
  QUERN_ASSIGN(const bool models, Any(c, "SELECT 1 FROM registered_models LIMIT 1"));
  QUERN_ASSIGN(const bool predictions, Any(c, "SELECT 1 FROM predictions LIMIT 1"));
  return json::object{{"runs", runs}, {"models", models}, {"predictions", predictions}};
}

/// The champions of the registry, and what is live, a few of each.
Status ReadNow(const ViewContext& c, PipelineHistory& history, Standing& standing) {
  constexpr int64_t kShown = 3;
  QUERN_ASSIGN(const auto models, registry::Glance(c.database, "", kShown));
  for (const registry::ModelGlance& model : models) {
    for (const registry::Alias& alias : model.aliases) {
      if (alias.alias != "champion") continue;
      standing.champions.push_back(model.name + "/" + std::to_string(alias.version) +
                                   " is champion");
    }
  }
  QUERN_ASSIGN(const auto deployments, history.Deployments("", 50));
  for (const tracking::Deployment& d : deployments) {
    if (d.state != "live" || standing.live.size() >= kShown) continue;
    standing.live.push_back(d.name + "/" + std::to_string(d.version) + " is live: " + d.detail);
  }
  return {};
}

Result<json::value> Overview(const ViewContext& c, const mlflow::Args& args) {
  PipelineHistory history(c.database);
  QUERN_ASSIGN(const auto run, Meant(history, args));
  QUERN_ASSIGN(const auto projects, history.Projects(kProjects));
  Standing standing;
  json::value plan = json::object{{"known", false}, {"why", "nothing has run yet"}};
  if (run) {
    QUERN_ASSIGN(standing.steps, history.Standing(*run, true));
    plan = PlanJson(c, *run, standing);
    QUERN_TRY(ReadNow(c, history, standing));
  }
  json::array steps, names;
  for (const PipelineStep& step : standing.steps) {
    json::object shown = StepJson(step);
    shown["now"] = PhaseStateName(StateOf(step, standing.plan));
    steps.push_back(std::move(shown));
  }
  for (const std::string& name : projects) names.emplace_back(name);
  QUERN_ASSIGN(json::value store, StoreJson(c));
  return json::object{{"program_version", QUERN_VERSION},
                      {"now_ms", c.clock.NowMs()},
                      {"projects", std::move(names)},
                      {"project", run ? json::value(run->project) : json::value(nullptr)},
                      {"run", run ? json::value(RunJson(*run)) : json::value(nullptr)},
                      {"plan", std::move(plan)},
                      {"phases", PhasesJson(standing)},
                      {"tasks", TasksJson(standing)},
                      {"steps", std::move(steps)},
                      {"store", std::move(store)}};
}

/// The sections that were asked for, with the head of the document; all if none were named.
json::object Cut(json::object document, const std::string& sections) {
  if (Trim(sections).empty()) return document;
  json::object out;
  for (const char* head : {"project", "program_version", "generated_at", "run_id", "state"}) {
    out[head] = std::move(document[head]);
  }
  for (std::string_view name : Split(sections, ',')) {
    name = Trim(name);
    // What stands there already has been moved: a name that comes twice, or one of the head.
    if (out.contains(name)) continue;
    if (json::value* section = document.if_contains(name)) out[name] = std::move(*section);
  }
  return out;
}

Result<json::value> Document(const ViewContext& c, const mlflow::Args& args) {
  const std::string sections = args.Text("sections");
  PipelineHistory history(c.database);
  QUERN_ASSIGN(const auto run, Meant(history, args));
  if (!run) return json::object{{"project", nullptr}, {"run_id", nullptr}};
  // Of one run that is named its own steps; else how things stand.
  std::vector<PipelineStep> steps;
  if (args.Has("run_id")) {
    QUERN_ASSIGN(steps, history.Steps(run->id, true));
  } else {
    QUERN_ASSIGN(steps, history.Standing(*run, true));
  }
  std::vector<report::DocumentStep> shown;
  for (PipelineStep& step : steps) {
    shown.push_back(
        {step.id, step.phase, step.state, step.reason, step.seconds, std::move(step.record)});
  }
  json::value lineage = nullptr;
  if (sections.empty() || sections.find("lineage") != std::string::npos) {
    tracking::Lineage graph(c.database, c.clock);
    QUERN_ASSIGN(const auto all, graph.All());
    lineage = tracking::LineageJson(all);
  }
  return Cut(report::MakeDocument({run->project, QUERN_VERSION,
                                   FormatTime(run->end_ms.value_or(run->start_ms)), run->id},
                                  std::move(shown), std::move(lineage)),
             sections);
}

Result<json::value> Requirements(const ViewContext& c, const mlflow::Args& args) {
  PipelineHistory history(c.database);
  QUERN_ASSIGN(const auto run, Meant(history, args));
  std::vector<PipelineStep> steps;
  if (run) {
    QUERN_ASSIGN(steps, history.Standing(*run, true));
  }
  return RequirementsJson(steps);
}

Result<json::value> PipelineRuns(const ViewContext& c, const mlflow::Args& args) {
  const int64_t limit = ReadLimit(args, 50);
  const std::string project = args.Text("project");
  QUERN_TRY(args.status());
  PipelineHistory history(c.database);
  QUERN_ASSIGN(const auto runs, history.Runs(project, limit));
  json::array out;
  for (const PipelineRun& run : runs) {
    QUERN_ASSIGN(const auto steps, history.Steps(run.id, false));
    json::object states;
    for (const PipelineStep& step : steps) {
      json::value& count = states[step.state];
      count = count.is_int64() ? count.as_int64() + 1 : 1;
    }
    json::object shown = RunJson(run);
    shown["states"] = std::move(states);
    out.push_back(std::move(shown));
  }
  return json::object{{"runs", std::move(out)}};
}

Result<json::value> OneRun(const ViewContext& c, const mlflow::Args& args) {
  PipelineHistory history(c.database);
  QUERN_ASSIGN(const PipelineRun run, history.Run(args.PathParam("id")));
  QUERN_ASSIGN(const auto steps, history.Steps(run.id, true));
  json::array out;
  for (const PipelineStep& step : steps) {
    json::object shown = StepJson(step);
    shown["gates"] = ListAt(step.record, "/gates");
    out.push_back(std::move(shown));
  }
  return json::object{{"run", RunJson(run)}, {"steps", std::move(out)}};
}

/// The run of the tracking that a node stands for, as {id, experiment_id}: its name begins with the
/// run's id. Null for other nodes, and for a run that is not kept here.
Result<json::value> RunOfNode(const ViewContext& c, const tracking::LineageNode& node) {
  constexpr std::string_view kPrefix = "run:";
  if (node.kind != "run" || !node.id.starts_with(kPrefix)) return json::value();
  const std::string begins = node.id.substr(kPrefix.size());
  json::value found;
  QUERN_TRY(c.database.Query(
      "SELECT id, experiment_id FROM runs WHERE id >= ? AND id < ? ORDER BY id LIMIT 1",
      {begins, begins + "g"}, [&](const store::Row& row) {  // ids are hexadecimal digits
        found = json::object{{"id", row.Text(0)}, {"experiment_id", std::to_string(row.Int(1))}};
      }));
  return found;
}

Result<json::value> LineageView(const ViewContext& c, const mlflow::Args& args) {
  const std::string node = args.Text("node");
  const std::string kind = args.Text("kind");
  const int64_t limit = ReadLimit(args, 500);
  QUERN_TRY(args.status());
  tracking::Lineage lineage(c.database, c.clock);
  QUERN_ASSIGN(tracking::LineageGraph graph, node.empty() ? lineage.All() : lineage.Around(node));
  if (!kind.empty()) tracking::KeepKinds(graph, Split(kind, ','));
  const size_t whole = graph.nodes.size();
  tracking::KeepNewest(graph, static_cast<size_t>(limit), node);
  json::value shown = tracking::LineageJson(graph);
  json::array& nodes = shown.at("nodes").as_array();
  for (size_t i = 0; i < graph.nodes.size(); ++i) {
    QUERN_ASSIGN(nodes[i].as_object()["run"], RunOfNode(c, graph.nodes[i]));
  }
  shown.as_object()["nodes_in_all"] = whole;
  return shown;
}

}  // namespace

std::vector<ViewRoute> ProjectViews() {
  return {
      {"/quern/overview", "how a project stands: last run, phases, who must act", Overview},
      {"/quern/document", "the records of the last run, or of run_id: the report page's document",
       Document},
      {"/quern/requirements", "each line of the charter with its present evidence", Requirements},
      {"/quern/pipeline/runs", "runs of the pipeline, newest first", PipelineRuns},
      {"/quern/pipeline/runs/{id}", "one of them: steps with states, times, reasons and gates",
       OneRun},
      {"/quern/lineage", "what went into what: all, or around a node, of some kinds", LineageView},
  };
}

}  // namespace quern::server::native
