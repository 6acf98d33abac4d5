#include <algorithm>
#include <boost/json.hpp>
#include <csignal>
#include <memory>
#include <optional>

#include "base/log.h"
#include "base/text.h"
#include "cli/command.h"
#include "cli/demo.h"
#include "cli/kept_store.h"
#include "cli/places.h"
#include "cli/project_runner.h"
#include "cli/project_state.h"
#include "cli/server_models.h"
#include "net/descriptors.h"
#include "net/http.h"
#include "pipeline/lifecycle.h"
#include "pipeline/prediction_archive.h"
#include "pipeline/snapshot_compare.h"
#include "server/access.h"
#include "server/tracking_server.h"
#include "upkeep/lock.h"

namespace quern::cli {
namespace {

struct ServerArgs {
  std::string root = ".";
  std::string host = "127.0.0.1";
  int port = 5000;
  std::string backend_store_uri;
  std::string default_artifact_root;
  std::string artifacts_destination;
  bool serve_artifacts = true;
  std::string allowed_hosts;
  std::string cors_allowed_origins;
  std::string frame_options = "SAMEORIGIN";
  std::string durability = "safe";
  std::string purge_deleted_after;
  std::string compact_predictions;
  bool demo = false;
  bool allow_run = false;
  bool forbid_run = false;
  ServerModelsArgs serving;
};

std::vector<std::string> List(const std::string& text) {
  std::vector<std::string> items;
  for (std::string_view item : Split(text, ',')) {
    if (!Trim(item).empty()) items.emplace_back(Trim(item));
  }
  return items;
}

/// What `quern plan` says of the project whose own store is served; nothing for another store.
server::Planner PlannerOf(const ServerArgs& args, const std::string& state_dir, Context& context) {
  const std::string project = DirName(state_dir);
  if (!args.backend_store_uri.empty() || BaseName(state_dir) != ".quern" ||
      !context.fs.Exists(JoinPath(project, "quern.yaml"))) {
    return nullptr;
  }
  return [project, &context]() -> Result<server::ProjectPlan> {
    QUERN_ASSIGN(const pipeline::Project loaded, pipeline::LoadProject(project, {}, context.fs));
    QUERN_ASSIGN(const auto plan, pipeline::PlanLifecycle(project, {}, pipeline::RunOptions(),
                                                          context.fs, context.clock));
    server::ProjectPlan shown{loaded.name, {}};
    for (const pipeline::StepState& step : plan) {
      shown.steps.push_back({step.id, step.phase, step.state, step.reason});
    }
    return shown;
  };
}

/// Runs that the page may start: of the project whose own store is served, and only as far as who
/// reaches this server may run things on this machine.
void AllowRuns(const ServerArgs& args, const std::string& state_dir, Context& context,
               server::TrackingServerOptions* options) {
  if (options->planner == nullptr) {
    options->no_runs =
        "no run can be started here: this server shows a store that is no project's own on this "
        "machine (there is no quern.yaml beside it); start it with --root PROJECT";
  } else if (args.forbid_run) {
    options->no_runs = "no run can be started here: this server was started with --no-allow-run";
  } else if (!args.allow_run && !server::IsLoopbackHost(args.host)) {
    options->no_runs =
        "no run can be started here: this server listens beyond this machine, and was started "
        "without --allow-run";
  } else {
    options->runner = std::make_shared<SpawnedRuns>(DirName(state_dir), context.fs, context.clock);
  }
}

/// Compares snapshots of the project whose own store is served, as its project file asks for drift.
server::SnapshotComparer SnapshotsOf(const std::string& state_dir, Context& context) {
  const std::string project = DirName(state_dir);
  return [project, state_dir, &context](const json::value& before,
                                        const json::value& after) -> Result<json::value> {
    pipeline::SnapshotCompareOptions options;
    if (context.fs.Exists(JoinPath(project, "quern.yaml"))) {
      // With a project file that cannot be read, rows and the usual tests are still of use.
      if (const auto loaded = pipeline::LoadProject(project, {}, context.fs)) {
        options = {loaded->data.key, loaded->monitoring.drift};
      }
    }
    return pipeline::CompareSnapshots(before, after, state_dir, options, context.fs);
  };
}

/// What `quern gc --compact-predictions` does with predictions, without asking.
Result<std::function<Status(store::Database&, const CancelToken&)>> Compacting(
    const std::string& age, const std::string& state_dir, Context& context) {
  QUERN_ASSIGN(const int64_t age_ms, ParseAge(age));
  Fs* fs = &context.fs;
  const Clock* clock = &context.clock;
  return [=](store::Database& database, const CancelToken& cancel) -> Status {
    QUERN_ASSIGN(const auto lock,
                 upkeep::StoreLock::ForUpkeep(state_dir, upkeep::StoreLock::Mode::kAlone,
                                              "the compaction of predictions"));
    QUERN_ASSIGN(const auto archived,
                 pipeline::ArchivePredictions(database, *fs, state_dir, clock->NowMs() - age_ms,
                                              *clock, cancel));
    if (archived.rows > 0) {
      Log(LogLevel::kInfo, "upkeep: " + std::to_string(archived.rows) + " predictions moved into " +
                               std::to_string(archived.files) + " files");
    }
    return {};
  };
}

Result<server::TrackingServerOptions> Options(const ServerArgs& args, Context& context) {
  server::TrackingServerOptions options;
  options.guard.allowed_hosts = List(args.allowed_hosts);
  options.guard.allowed_origins = List(args.cors_allowed_origins);
  options.guard.frame_options = args.frame_options;
  if (!server::IsLoopbackHost(args.host) && options.guard.allowed_hosts.empty()) {
    return Fail(Code::kInvalidArgument,
                "--host " + args.host +
                    " can be reached from other machines, and there are no "
                    "accounts yet: anyone could read and change everything",
                "say by which names it may be called: --allowed-hosts ml.example.org,10.0.0.7");
  }
  QUERN_ASSIGN(options.state_dir, StoreFolder(args.root, context.fs));
  options.database = args.backend_store_uri;
  options.default_artifact_root = args.default_artifact_root;
  options.artifacts_destination = args.artifacts_destination;
  options.serve_artifacts = args.serve_artifacts;
  options.durability =
      args.durability == "relaxed" ? store::Durability::kRelaxed : store::Durability::kSafe;
  if (!args.purge_deleted_after.empty()) {
    QUERN_ASSIGN(options.purge_deleted_after_ms, ParseAge(args.purge_deleted_after));
  }
  if (!args.compact_predictions.empty()) {
    QUERN_ASSIGN(options.hourly, Compacting(args.compact_predictions, options.state_dir, context));
  }
  options.http.host = args.host;
  options.http.port = static_cast<uint16_t>(args.port);
  options.fs = &context.fs;
  options.clock = &context.clock;
  options.planner = PlannerOf(args, options.state_dir, context);
  AllowRuns(args, options.state_dir, context, &options);
  options.snapshots = SnapshotsOf(options.state_dir, context);
  options.policies = DeclaredPolicies(options.state_dir, context);
  return options;
}

/// Where the demo is kept unless a folder is named.
constexpr char kDemoFolder[] = "quern-demo";

/// What is served beside everything else; null if nothing is.
Result<std::unique_ptr<ServerModels>> FindServed(const ServerArgs& args, const std::string& state,
                                                 Context& context) {
  if (!args.serving.models.empty() && !args.backend_store_uri.empty()) {
    return Fail(Code::kInvalidArgument,
                "--serve takes models from the store below --root, and --backend-store-uri names "
                "another",
                "let quern serve ask this server: its project's quern.yaml says tracking: {server: "
                "URL}");
  }
  return ServerModels::Find(args.serving, state, args.host, context);
}

int Serve(ServerArgs args, Context& context) {
  SetLogLevel(LogLevel::kInfo);
  if (args.demo) {
    if (args.root == ".") args.root = kDemoFolder;
    if (const Status made = WriteDemo(args.root, context.fs); !made) {
      return context.Complain(made.error());
    }
  }
  auto options = Options(args, context);
  if (!options) return context.Complain(options.error());
  if (!server::IsLoopbackHost(args.host)) {
    Log(LogLevel::kWarning, "serving on " + args.host +
                                ": anyone who reaches this address can read and change "
                                "everything; there are no accounts yet");
  }
  if (options->durability == store::Durability::kRelaxed) {
    Log(LogLevel::kWarning,
        "--durability relaxed: a power cut may take back the last moments of what was answered");
  }
  const std::string state = options->state_dir;
  net::AllowManyConnections();
  net::BlockShutdownSignals();
  auto models = FindServed(args, state, context);
  if (!models) return context.Complain(models.error());
  if (*models != nullptr) options->models = (*models)->scoring();
  auto server = server::StartTrackingServer(std::move(*options));
  if (!server) return context.Complain(server.error());
  // Before it says so itself: who reads that finds it.
  if (*models != nullptr) (*models)->Started((*server)->url(), context);
  const std::string front = *models != nullptr ? (*models)->front() : "";
  if (context.json) {
    json::object where{
        {"url", (*server)->url()}, {"page", (*server)->url() + "/"}, {"state", state}};
    if (!front.empty()) where["grpc"] = front;
    context.PrintJson(where);
  } else {
    context.PrintLine("listening on " + (*server)->url() + (front.empty() ? "" : " and " + front) +
                      ", store in " + state + "; Ctrl-C stops");
    context.PrintLine("the web page: " + (*server)->url() + "/");
  }
  std::fflush(stdout);
  std::optional<DemoRun> demo;
  if (args.demo) demo.emplace(args.root, context);
  const int signal = net::WaitForShutdown();
  if (*models != nullptr) (*models)->Stopping();
  (*server)->Stop();
  return signal == SIGINT ? static_cast<int>(Exit::kInterrupted) : static_cast<int>(Exit::kDone);
}

}  // namespace

void AddServer(Verb app, Context& context) {
  auto args = std::make_shared<ServerArgs>();
  Verb verb = app.AddVerb(
      "server",
      "Serve experiment tracking, the model registry and artifacts to MLflow's clients, and a web "
      "page");
  verb.AddOption("--root", args->root,
                 "A project folder (its .quern is used), or an empty one that becomes a store")
      .ShowDefault();
  verb.AddFlag("--demo", args->demo,
               "Show the life cycle of an example while it runs: a heart disease model, made in "
               "--root (quern-demo if none is named)");
  verb.AddOption("--host", args->host,
                 "Address to listen on; beyond this machine only with "
                 "--allowed-hosts")
      .ShowDefault();
  verb.AddOption("--port", args->port, "Port to listen on, 0 for a free one")
      .Between(0, 65535)
      .ShowDefault();
  verb.AddOption("--backend-store-uri", args->backend_store_uri,
                 "The database: sqlite:///FILE or postgresql://…; by default quern.db below --root")
      .Env("MLFLOW_BACKEND_STORE_URI");
  verb.AddOption("--default-artifact-root", args->default_artifact_root,
                 "Where new experiments keep artifacts; by default behind this server");
  verb.AddOption("--artifacts-destination", args->artifacts_destination,
                 "The folder or s3://BUCKET/PREFIX behind the artifact calls; by default below "
                 "--root")
      .Env("MLFLOW_ARTIFACTS_DESTINATION");
  verb.AddFlag("--serve-artifacts,!--no-serve-artifacts", args->serve_artifacts,
               "Let artifacts go up and down through this server (the default)");
  verb.AddOption("--allowed-hosts", args->allowed_hosts,
                 "Names by which this server may be called, with commas; * stands for any text")
      .Env("MLFLOW_SERVER_ALLOWED_HOSTS");
  verb.AddOption("--cors-allowed-origins", args->cors_allowed_origins,
                 "Origins whose pages may change things, with commas")
      .Env("MLFLOW_SERVER_CORS_ALLOWED_ORIGINS");
  verb.AddOption("--x-frame-options", args->frame_options, "Who may show this server in a frame")
      .OneOfAnyCase({"SAMEORIGIN", "DENY", "NONE"})
      .ShowDefault();
  verb.AddOption("--durability", args->durability,
                 "safe: what was answered survives a power cut; relaxed: faster, a power cut may "
                 "take back the last moments")
      .OneOf({"safe", "relaxed"})
      .ShowDefault();
  verb.AddOption("--purge-deleted-after", args->purge_deleted_after,
                 "Purge runs, logged models and experiments, with their artifacts, so long after "
                 "they were deleted: 30d; by default `quern gc` alone does");
  verb.AddOption("--compact-predictions", args->compact_predictions,
                 "Move predictions that are older into Parquet files: 30d; by default `quern gc` "
                 "alone does");
  Option allow = verb.AddFlag("--allow-run", args->allow_run,
                              "Let the page start runs of the project also where this server "
                              "listens beyond this machine; on this machine alone it may");
  verb.AddFlag("--no-allow-run", args->forbid_run, "Let the page start no runs").Excludes(allow);
  AddServerModelsOptions(verb, &args->serving);
  AddJsonFlag(verb, context);
  verb.Footer(
      "Examples:\n  quern server --root ~/experiments\n"
      "  MLFLOW_TRACKING_URI=http://127.0.0.1:5000 python train.py\n"
      "  quern server --root . --serve heart@champion\n"
      "  curl http://127.0.0.1:5000/v2/models/heart");
  verb.OnGiven(
      [args, &context] { context.action = [args, &context] { return Serve(*args, context); }; });
}

}  // namespace quern::cli
