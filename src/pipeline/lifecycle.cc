#include "pipeline/lifecycle.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>

#include "base/text.h"
#include "pipeline/release.h"
#include "pipeline/steps.h"

namespace quern::pipeline {
namespace {

/// The life cycle in its order. Batches follow each other, because each meets the champion that the
/// one before it left.
Graph MakeGraph(World& world) {
  Graph graph;
  const Project& project = world.project;
  graph.steps.push_back(MakeDesignStep(world));
  for (const std::string& name : project.data.train) {
    graph.steps.push_back(MakeIngestStep(world, *project.data.Find(name)));
  }
  for (const auto& source : project.data.sources) {
    if (graph.Find("ingest:" + source.name) == nullptr)
      graph.steps.push_back(MakeIngestStep(world, source));
  }
  for (const auto& source : project.data.sources) {
    graph.steps.push_back(MakeValidateStep(world, source.name));
  }
  for (const auto& source : project.data.sources) {
    graph.steps.push_back(MakeExploreStep(world, source.name));
  }
  graph.steps.push_back(MakeTrainStep(world));
  graph.steps.push_back(MakeEvaluateStep(world));
  graph.steps.push_back(MakeRegisterStep(world));
  graph.steps.push_back(MakeDeployStep(world));
  std::string before = "deploy";
  std::vector<std::string> earlier;
  for (const std::string& batch : project.monitoring.stream) {
    graph.steps.push_back(MakeMonitorStep(world, batch, before));
    if (project.retraining.declared) {
      graph.steps.push_back(MakeRetrainStep(world, batch, before, earlier));
      before = "retrain:" + batch;
    }
    earlier.push_back(batch);
  }
  graph.steps.push_back(MakeReportStep(world, graph));
  return graph;
}

/// What is reproducible of a run, for git: step -> key and output digest, and the model that came
/// out.
Status WriteLock(const World& world, const RunSummary& summary) {
  json::object steps;
  for (const StepState& state : summary.steps) {
    const auto output = summary.outputs.find(state.id);
    if (output == summary.outputs.end() || state.id == "report") continue;
    steps[state.id] = json::object{{"key", state.key}, {"output", output->second.digest}};
  }
  json::object lock{
      {"project", world.project.name}, {"program", QUERN_VERSION}, {"steps", std::move(steps)}};
  if (const auto trained = summary.outputs.find("train"); trained != summary.outputs.end()) {
    lock["model"] = trained->second.record.at("model_digest");
  }
  const std::string path = world.project.Path("quern.lock");
  const std::string text = WritePrettyJson(lock);
  if (auto there = world.workspace.fs().Read(path); there && *there == text) return {};
  return world.workspace.fs().WriteAtomic(path, text);
}

/// The alias follows the last decision, also when that decision was found in the cache. Returns
/// what it waits for if its gate has closed since, "" otherwise.
Result<std::string> SettleChampion(World& world, const RunSummary& summary) {
  const StepOutput* last = nullptr;
  for (const StepState& state : summary.steps) {
    const auto output = summary.outputs.find(state.id);
    if (output == summary.outputs.end()) continue;
    const bool decides =
        state.phase == "register" || state.phase == "deploy" || state.phase == "retrain";
    // A release decides about a version that was registered beside another one.
    const bool waits = state.phase == "register" && !output->second.record.at("stable").is_null();
    if (!decides || waits) continue;
    // A version that failed its gates, or failed in service, must not come back by the step before
    // it.
    last = output->second.outcome == Outcome::kOk ? &output->second : nullptr;
  }
  if (last == nullptr) return std::string();
  const Champion champion = ChampionOf(last->record);
  // What is stored here names a version of a registry that others may have changed since.
  const std::string remedy =
      "`quern run --force train,register,deploy,monitor,retrain` makes all of it again";
  auto there = world.workspace.registry().Get(champion.name, champion.version);
  if (!there) {
    if (there.error().code == Code::kNotFound) there.error().hint = remedy;
    return std::unexpected(there.error());
  }
  if (there->digest != champion.digest) {
    return Fail(Code::kFailedPrecondition,
                VersionId(champion.name, champion.version) +
                    " is another model than the one that "
                    "this project registered",
                remedy);
  }
  registry::PackageRegistry& registry = world.workspace.registry();
  QUERN_ASSIGN(const registry::GateReport gate,
               registry.Gate(champion.name, kChampionAlias, champion.version));
  if (!gate.open) {
    return fmt::format("{}/{} {}", champion.name, champion.version, WaitsFor(gate));
  }
  QUERN_TRY(
      registry.SetAlias(champion.name, kChampionAlias, champion.version, "the outcome of the run"));
  return std::string();
}

/// A server that is away, or does not let us in, is found out before hours of training. Where the
/// plan ends before training, there is nothing to tell it.
Status CheckServer(const World& world, const std::vector<StepState>& plan) {
  remote::Server* server = world.workspace.server();
  const bool tells = std::any_of(plan.begin(), plan.end(),
                                 [](const StepState& step) { return step.id == "train"; });
  if (server == nullptr || !tells) return {};
  Status there = server->Check();
  if (!there) there.error().where = world.project.tracking.where;
  return there;
}

std::vector<std::string> Story(const World& world, const RunSummary& summary) {
  std::vector<std::string> lines;
  for (const std::string& batch : world.project.monitoring.stream) {
    const auto monitored = summary.outputs.find("monitor:" + batch);
    if (monitored == summary.outputs.end()) continue;
    std::string line = fmt::format("{}: {}", batch, monitored->second.message);
    const auto retrained = summary.outputs.find("retrain:" + batch);
    if (retrained != summary.outputs.end()) line += "\n    decision: " + retrained->second.message;
    lines.push_back(std::move(line));
  }
  return lines;
}

}  // namespace

Result<LifecycleOutcome> RunLifecycle(const std::string& path, const Sets& sets,
                                      const LifecycleOptions& options, Fs& fs, const Clock& clock,
                                      RunListener& listener) {
  QUERN_ASSIGN(const Project project, LoadProject(path, sets, fs));
  QUERN_TRY(fs.MakeDirs(project.StateDir()));
  QUERN_ASSIGN(const auto lock, ProjectLock::Acquire(project.StateDir(), options.wait_seconds));
  WorkspaceOptions opening;
  opening.open = WorkspaceOptions::Open::kCreate;
  opening.tracked = TrackedProject{project.name, project.tracking};
  opening.cancel = options.run.cancel;
  opening.listener = options.listener;
  QUERN_ASSIGN(const auto workspace, Workspace::Open(project.StateDir(), opening, fs, clock));
  World world(project, *workspace, options.run.threads);
  const Graph graph = MakeGraph(world);
  RunOptions running = options.run;
  running.before_work = [&](const std::vector<StepState>& plan) {
    return CheckServer(world, plan);
  };
  LifecycleOutcome outcome;
  if (workspace->server() != nullptr) outcome.server = workspace->server()->url();
  QUERN_ASSIGN(outcome.summary, Run(graph, project.name, workspace->cache(), running, listener));
  std::string waits;
  if (outcome.summary.ran > 0) {
    // Leftovers of a killed run: whoever holds the lock is the only one who writes there.
    QUERN_TRY(fs.RemoveAll(workspace->Path("tmp")));
    QUERN_ASSIGN(waits, SettleChampion(world, outcome.summary));
    if (!waits.empty()) outcome.summary.outcome = Outcome::kGateFailed;
    if (!outcome.summary.error) QUERN_TRY(WriteLock(world, outcome.summary));
  }
  outcome.story = Story(world, outcome.summary);
  if (!waits.empty()) outcome.story.push_back(waits);
  const auto report = outcome.summary.outputs.find("report");
  if (report != outcome.summary.outputs.end()) outcome.report_path = workspace->Path("report.html");
  return outcome;
}

Result<std::vector<StepState>> PlanLifecycle(const std::string& path, const Sets& sets,
                                             const RunOptions& options, Fs& fs,
                                             const Clock& clock) {
  QUERN_ASSIGN(const Project project, LoadProject(path, sets, fs));
  WorkspaceOptions opening;
  opening.open = WorkspaceOptions::Open::kToPlan;
  QUERN_ASSIGN(const auto workspace, Workspace::Open(project.StateDir(), opening, fs, clock));
  World world(project, *workspace, options.threads);
  return Plan(MakeGraph(world), workspace->cache(), options);
}

}  // namespace quern::pipeline
