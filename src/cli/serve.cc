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
#include "cli/project_state.h"
#include "net/http.h"
#include "pipeline/workspace.h"

namespace quern::cli {
namespace {

struct ServeArgs {
  std::vector<std::string> models;
  std::string root = ".";
  std::string host = "127.0.0.1";
  int port = 8080;
  std::string package;
  bool no_log = false;
  bool while_stdin_open = false;
};

/// NAME/3 that is in `folder`, without a question to the registry.
Result<server::ModelToServe> InFolder(const std::string& reference, const std::string& folder) {
  const size_t slash = reference.rfind('/');
  if (slash == std::string::npos || !ParseInt(reference.substr(slash + 1))) {
    return Fail(Code::kInvalidArgument, "'" + reference + "' is not a model version",
                "with --package, write NAME/3");
  }
  return server::ModelToServe{reference.substr(0, slash), reference.substr(slash + 1), {}, folder};
}

/// "NAME@alias", "NAME/3", "NAME" from the registry, or a folder that holds a package.
Result<server::ModelToServe> Find(const std::string& reference, pipeline::Workspace* workspace,
                                  Fs& fs) {
  if (fs.Exists(JoinPath(reference, "model.onnx"))) {
    return server::ModelToServe{BaseName(reference), "1", {}, reference};
  }
  if (workspace == nullptr) {
    return Fail(Code::kNotFound,
                "'" + reference + "' is neither a model package nor a registered model",
                "name a folder with model.onnx, or give --root a project that has run");
  }
  QUERN_ASSIGN(const auto version, workspace->registry().Resolve(reference));
  QUERN_ASSIGN(std::string folder, workspace->PackageFolder(version));
  return server::ModelToServe{version.name, std::to_string(version.version), version.aliases,
                              std::move(folder)};
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

int Serve(const ServeArgs& args, Context& context) {
  SetLogLevel(LogLevel::kInfo);
  if (!IsLoopbackHost(args.host)) {
    Log(LogLevel::kWarning, "serving on " + args.host +
                                ": anyone who reaches this address can ask the model; "
                                "there are no accounts yet");
  }
  if (!args.package.empty() && args.models.size() != 1) {
    return context.Complain(Error{
        Code::kInvalidArgument, "--package is the folder of one model", "name one model", {}, {}});
  }
  const std::string state = StateFolder(args.root, context.fs);
  pipeline::WorkspaceOptions opening;
  if (args.package.empty()) {
    auto found = OptionsFor(state, context);
    if (!found) return context.Complain(found.error());
    opening = std::move(*found);
  }
  auto workspace = pipeline::Workspace::Open(state, opening, context.fs, context.clock);
  if (!workspace && workspace.error().code != Code::kNotFound)
    return context.Complain(workspace.error());
  pipeline::Workspace* opened = workspace ? workspace->get() : nullptr;
  server::ServeOptions options;
  for (const std::string& reference : args.models) {
    auto model = args.package.empty() ? Find(reference, opened, context.fs)
                                      : InFolder(reference, args.package);
    if (!model) return context.Complain(model.error());
    options.models.push_back(std::move(*model));
  }
  options.http.host = args.host;
  options.http.port = static_cast<uint16_t>(args.port);
  options.database = opened != nullptr ? &opened->database() : nullptr;
  options.log_predictions = !args.no_log;
  net::BlockShutdownSignals();
  auto server = server::StartServer(std::move(options));
  if (!server) return context.Complain(server.error());
  context.PrintLine("listening on " + (*server)->url() + "; Ctrl-C stops");
  std::fflush(stdout);
  if (args.while_stdin_open) WatchStdin();
  server::WaitForSignal(**server);
  return 0;
}

}  // namespace

void AddServe(Verb app, Context& context) {
  auto args = std::make_shared<ServeArgs>();
  Verb verb = app.AddVerb(
      "serve",
      "Serve models over HTTP: Open Inference Protocol, MLflow /invocations, feedback, metrics");
  verb.AddOption("models", args->models, "NAME@alias, NAME/3, NAME, or a package folder")
      .Required();
  verb.AddOption("--root", args->root, "Project folder whose registry names the models")
      .ShowDefault();
  verb.AddOption("--host", args->host, "Address to listen on").ShowDefault();
  verb.AddOption("--port", args->port, "Port to listen on, 0 for a free one")
      .Between(0, 65535)
      .ShowDefault();
  verb.AddFlag("--no-prediction-log", args->no_log, "Do not keep what was asked and answered");
  verb.AddOption("--package", args->package, "The folder of the one model, named as NAME/3")
      .Hidden();
  verb.AddFlag("--while-stdin-open", args->while_stdin_open, "Stop when standard input ends")
      .Hidden();
  verb.Footer(
      "Example:\n  quern serve heart@champion --root examples/heart --port 8080\n"
      "  curl -d '{\"dataframe_records\": [{\"age\": 63, …}]}' -H 'Content-Type: application/json' "
      "localhost:8080/invocations");
  verb.OnGiven(
      [args, &context] { context.action = [args, &context] { return Serve(*args, context); }; });
}

}  // namespace quern::cli
