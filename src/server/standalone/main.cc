// quern-serve: the model server of `quern serve` as a small program by itself.
#include <cstdio>
#include <memory>

#include "base/log.h"
#include "net/descriptors.h"
#include "server/model_references.h"
#include "server/serve.h"
#include "server/standalone/options.h"
#include "server/standalone/registry_folder.h"
#ifdef QUERN_GRPC
#include "server/grpc/server.h"
#endif

namespace quern::server {
namespace {

int Complain(const Error& error) {
  std::fputs((error.ToString() + "\n").c_str(), stderr);
  return static_cast<int>(ExitCode(error.code));
}

/// Keeps every column of every prediction in the database of --root.
Status LogPredictions(RegistryFolder* registry, ServeOptions* serve) {
  if (registry == nullptr) {
    return Fail(Code::kInvalidArgument, "--log-predictions needs a place to keep them",
                "give --root the folder of a project or store");
  }
  QUERN_TRY(registry->AllowsWholePredictions());
  serve->database = &registry->database();
  serve->log.folder = JoinPath(registry->state(), serving::kPredictionLogFolder);
  serve->log.state_dir = registry->state();
  return {};
}

Result<ServeOptions> MakeOptions(const StandaloneOptions& options, RegistryFolder* registry) {
  ServeOptions serve;
  serve.http.host = options.host;
  serve.http.port = options.port;
  serve.http.max_body = options.max_input;
  serve.http.threads = options.threads;
  serve.inference.threads = options.threads;
  serve.inference.batch.rows = options.batch_size;
  serve.inference.batch.delay = options.batch_delay_ms / 1000;
  serve.http.max_queued = options.max_queue;
  serve.model_control = options.model_control;
  if (options.log_predictions) QUERN_TRY(LogPredictions(registry, &serve));
#ifdef QUERN_GRPC
  if (options.grpc_port) {
    serve.front = grpc::GrpcFront({.host = options.host,
                                   .port = *options.grpc_port,
                                   .workers = options.threads,
                                   .max_queue = options.max_queue,
                                   .max_message = options.max_input});
  }
#endif
  QUERN_TRY(SetAccess(options.access, RealFs(), &serve));
  if (options.verify_keys.empty() && registry != nullptr) QUERN_TRY(registry->AllowsUnsigned());
  QUERN_ASSIGN(serve.trust, signing::Trust::FromFiles(options.verify_keys, RealFs()));
  return serve;
}

Status Serve(const StandaloneOptions& options) {
  if (options.models.empty()) {
    return Fail(Code::kInvalidArgument, "no model to serve is named",
                "quern-serve MODEL...; see quern-serve --help");
  }
  SetLogLevel(LogLevel::kInfo);
  std::unique_ptr<RegistryFolder> registry;
  if (!options.root.empty()) {
    QUERN_ASSIGN(registry, RegistryFolder::Open(options.root, RealFs()));
  }
  RegistryLookup lookup;
  if (registry != nullptr) {
    lookup = [&](const std::string& reference) { return registry->Find(reference); };
  }
  QUERN_ASSIGN(ModelsToServe chosen, FindModels(options.models, lookup, options.engine, RealFs()));
  QUERN_ASSIGN(ServeOptions serve, MakeOptions(options, registry.get()));
  serve.models = std::move(chosen.models);
  net::BlockShutdownSignals();
  net::AllowManyConnections();
  QUERN_ASSIGN(const std::unique_ptr<RunningServer> server, StartServer(std::move(serve)));
  std::unique_ptr<ModelWatch> watch;
  if (options.watch > 0 && !chosen.watched.empty()) {
    watch = std::make_unique<ModelWatch>(*server, std::move(chosen.watched),
                                         std::move(chosen.fixed), options.watch);
  }
  std::string where = server->url();
  if (server->front() != nullptr) where += " and " + server->front()->url();
  std::printf("listening on %s; Ctrl-C stops\n", where.c_str());
  std::fflush(stdout);
  WaitForSignal(*server);
  return {};
}

int Main(int count, const char* const* arguments) {
  const auto options = ReadOptions({arguments + 1, static_cast<size_t>(count - 1)});
  if (!options) return Complain(options.error());
  if (options->help) {
    std::fputs(HelpText().c_str(), stdout);
    return 0;
  }
  if (options->version) {
    std::puts("quern-serve " QUERN_VERSION);
    return 0;
  }
  const Status status = Serve(*options);
  return status ? 0 : Complain(status.error());
}

}  // namespace
}  // namespace quern::server

int main(int count, char** arguments) { return quern::server::Main(count, arguments); }
