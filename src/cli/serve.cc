#include "server/serve.h"

#include <poll.h>
#include <unistd.h>

#include <csignal>
#include <memory>
#include <thread>

#include "base/log.h"
#include "base/text.h"
#include "cli/command.h"
#include "cli/places.h"
#include "cli/project_models.h"
#include "cli/project_state.h"
#include "cli/serve_log.h"
#include "cli/trusted_keys.h"
#include "net/descriptors.h"
#include "net/http.h"
#include "pipeline/workspace.h"
#include "server/access.h"
#include "server/model_references.h"
#include "serving/announcement.h"
#ifdef QUERN_GRPC
#include "server/grpc/server.h"
#endif

namespace quern::cli {
namespace {

struct ServeArgs {
  std::vector<std::string> models;
  std::string root = ".";
  std::string host = "127.0.0.1";
  int port = 8080;
  int grpc_port = -1;
  uint64_t max_input = 64u << 20;
  uint64_t max_queue = 1024;
  uint64_t threads = 0;
  uint64_t batch_size = 256;
  double batch_delay_ms = 0;
  double watch = 10;
  std::string engine = "auto";
  bool model_control = false;
  std::string package;
  server::AccessOptions access;
  std::vector<std::string> verify_keys;
  ServeLogArgs log;
  bool while_stdin_open = false;
};

constexpr double kMostBytes = int64_t{1} << 40;

/// Where SageMaker's containers find their model.
constexpr const char* kSageMakerModel = "/opt/ml/model";

/// NAME/3 that is in `folder`, without a question to the registry.
Result<server::ModelToServe> InFolder(const std::string& reference, const std::string& folder) {
  const size_t slash = reference.rfind('/');
  if (slash == std::string::npos || !ParseInt(reference.substr(slash + 1))) {
    return Fail(Code::kInvalidArgument, "'" + reference + "' is not a model version",
                "with --package, write NAME/3");
  }
  return server::ModelToServe{reference.substr(0, slash),
                              reference.substr(slash + 1),
                              {},
                              folder,
                              model::EnginePreference::kAuto};
}

/// Asks this process to stop when standard input ends: with whoever started it.
void WatchStdin() {
  std::thread([] {
    char byte = 0;
    while (::read(STDIN_FILENO, &byte, 1) > 0) {
    }
    ::kill(::getpid(), SIGTERM);
  }).detach();
}

/// The project whose registry names the models, and which keeps their predictions; null if there
/// is none.
Result<std::unique_ptr<pipeline::Workspace>> OpenProject(const ServeArgs& args, Context& context) {
  return OpenProjectOf(StateFolder(args.root, context.fs), args.package.empty(), context);
}

Result<server::ModelsToServe> ChooseModels(const ServeArgs& args, pipeline::Workspace* workspace,
                                           Context& context) {
  QUERN_ASSIGN(const model::EnginePreference engine, model::ParseEnginePreference(args.engine));
  if (args.package.empty()) {
    return server::FindModels(args.models, LookupIn(workspace), engine, context.fs);
  }
  if (args.models.size() != 1) {
    return Fail(Code::kInvalidArgument, "--package is the folder of one model", "name one model");
  }
  QUERN_ASSIGN(server::ModelToServe model, InFolder(args.models[0], args.package));
  model.engine = engine;
  return server::ModelsToServe{{std::move(model)}, {}, {}};
}

server::ServeOptions OptionsOf(const ServeArgs& args, pipeline::Workspace* workspace) {
  server::ServeOptions options;
  options.http.host = args.host;
  options.http.port = static_cast<uint16_t>(args.port);
  options.http.max_body = args.max_input;
  options.http.threads = args.threads;
  options.http.max_queued = args.max_queue;
  options.inference.threads = args.threads;
  options.inference.batch.rows = args.batch_size;
  options.inference.batch.delay = args.batch_delay_ms / 1000;
  options.database = workspace != nullptr ? &workspace->database() : nullptr;
  options.log_predictions = !args.log.off;
  options.model_control = args.model_control;
  SetObserving(args.log, &options);
#ifdef QUERN_GRPC
  if (args.grpc_port >= 0) {
    options.front = server::grpc::GrpcFront({.host = args.host,
                                             .port = static_cast<uint16_t>(args.grpc_port),
                                             .workers = args.threads,
                                             .max_queue = args.max_queue,
                                             .max_message = args.max_input});
  }
#endif
  return options;
}

int Serve(ServeArgs args, Context& context) {
  SetLogLevel(LogLevel::kInfo);
  if (args.models.empty()) {
    if (!context.fs.Exists(kSageMakerModel)) {
      return context.Complain(Error{Code::kInvalidArgument,
                                    "no model to serve is named",
                                    "quern serve MODEL…; see quern serve --help",
                                    {},
                                    {}});
    }
    args.models = {std::string("model=") + kSageMakerModel};
  }
  auto workspace = OpenProject(args, context);
  if (!workspace) return context.Complain(workspace.error());
  auto chosen = ChooseModels(args, workspace->get(), context);
  if (!chosen) return context.Complain(chosen.error());
  server::ServeOptions options = OptionsOf(args, workspace->get());
  options.releases = ReleasesOf(*chosen, workspace->get());
  options.models = std::move(chosen->models);
  if (const Status set = server::SetAccess(args.access, context.fs, &options); !set) {
    return context.Complain(set.error());
  }
  auto trust = RequiredTrust(StateFolder(args.root, context.fs), args.verify_keys, context.fs);
  if (!trust) return context.Complain(trust.error());
  options.trust = std::move(*trust);
  if (*workspace != nullptr && options.log_predictions) {
    auto log = PredictionLogOptionsOf(args.log, (*workspace)->dir(), context.fs);
    if (!log) return context.Complain(log.error());
    options.log = std::move(*log);
  }
  net::BlockShutdownSignals();
  net::AllowManyConnections();
  auto server = server::StartServer(std::move(options));
  if (!server) return context.Complain(server.error());
  std::unique_ptr<server::ModelWatch> watch;
  if (args.watch > 0 && !chosen->watched.empty()) {
    watch = std::make_unique<server::ModelWatch>(**server, std::move(chosen->watched),
                                                 std::move(chosen->fixed), args.watch);
  }
  const std::string front =
      (*server)->front() != nullptr ? " and " + (*server)->front()->url() : "";
  // Before it says so itself: who reads that finds it. A server that a run started for itself is
  // none of the page's.
  std::unique_ptr<serving::Announcement> announced;
  if (!args.while_stdin_open) {
    announced =
        Announce((*server)->url(), !args.access.token_file.empty(), workspace->get(), context);
  }
  context.PrintLine("listening on " + (*server)->url() + front + "; Ctrl-C stops");
  std::fflush(stdout);
  if (args.while_stdin_open) WatchStdin();
  server::WaitForSignal(**server);
  return 0;
}

}  // namespace

void AddServe(Verb app, Context& context) {
  auto args = std::make_shared<ServeArgs>();
  Verb verb =
      app.AddVerb("serve",
                  "Serve models over HTTP and gRPC: Open Inference Protocol, MLflow, SageMaker, "
                  "TensorFlow Serving, KServe");
  verb.AddOption("models", args->models,
                 "[NAME=]MODEL: NAME@alias, NAME/3 or NAME of the registry, a folder with an "
                 "MLmodel or model.onnx, or an .onnx file. Several may be served at once; the "
                 "first one answers /invocations. Without any, /opt/ml/model (SageMaker)");
  verb.AddOption("--root", args->root,
                 "Project folder: its registry names the models, its database keeps predictions")
      .ShowDefault();
  verb.AddOption("--host", args->host, "Address to listen on; 0.0.0.0 is every network")
      .ShowDefault();
  verb.AddOption("--port", args->port, "Port to listen on, 0 for a free one")
      .Env("SAGEMAKER_BIND_TO_PORT")
      .Between(0, 65535)
      .ShowDefault();
#ifdef QUERN_GRPC
  verb.AddOption("--grpc-port", args->grpc_port,
                 "Port for gRPC, 0 for a free one; without it there is no gRPC")
      .Between(0, 65535);
#endif
  verb.AddOption(
      "--tls-cert", args->access.tls_certificate,
      "PEM file of the certificate, with those between: TLS, also for gRPC. Read again when it "
      "changes");
  verb.AddOption("--tls-key", args->access.tls_key, "PEM file of its key");
  verb.AddOption(
      "--token-file", args->access.token_file,
      "A token a line: requests and calls of gRPC need one of them (Authorization: Bearer "
      "TOKEN), but for health");
  AddVerifyKey(verb, args->verify_keys);
  verb.AddOption("--http-max-input-size", args->max_input,
                 "Bytes of a request's body, before and after decompression; more is 413")
      .Bytes()
      .Between(1, kMostBytes)
      .ShowDefault();
  verb.AddOption("--max-queue", args->max_queue,
                 "Requests that may wait for a thread; one more is answered 503")
      .Between(0, server::kMostQueued)
      .ShowDefault();
  verb.AddOption("--threads", args->threads,
                 "Threads for requests that take long, and for one large batch; 0: as many as fit")
      .Between(0, server::kMostThreads)
      .ShowDefault();
  verb.AddOption(
          "--batch-size", args->batch_size,
          "Most rows of requests that are scored together; 1: each by itself. Of models that "
          "ONNX Runtime runs and that gain by it")
      .Between(1, 65536)
      .ShowDefault();
  verb.AddOption("--batch-delay", args->batch_delay_ms,
                 "Milliseconds that a request waits for others; 0: what has arrived is scored "
                 "together, and nothing waits for more")
      .Between(0, 10'000)
      .ShowDefault();
  verb.AddOption("--engine", args->engine,
                 "What runs the models; auto: the compiled engine where it covers the graph")
      .OneOf({"auto", "compiled", "onnxruntime"})
      .ShowDefault();
  verb.AddOption("--watch", args->watch,
                 "Seconds between looks at the registry for aliases that moved, 0 for never")
      .Between(0, 1e9)
      .ShowDefault();
  verb.AddFlag("--model-control", args->model_control,
               "Let clients load and unload the models that are named here");
  AddServeLogOptions(verb, args->log);
  verb.AddOption("--package", args->package, "The folder of the one model, named as NAME/3")
      .Hidden();
  verb.AddFlag("--while-stdin-open", args->while_stdin_open, "Stop when standard input ends")
      .Hidden();
  verb.Footer(
      "Examples:\n  quern serve heart@champion --root examples/heart --port 8080\n"
      "  quern serve live=heart@champion next=heart/7 price=models/price.onnx\n"
      "  curl -d '{\"dataframe_records\": [{\"age\": 63, …}]}' -H 'Content-Type: application/json' "
      "localhost:8080/invocations");
  verb.OnGiven(
      [args, &context] { context.action = [args, &context] { return Serve(*args, context); }; });
}

}  // namespace quern::cli
