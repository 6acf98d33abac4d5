#include "cli/server_models.h"

#include <utility>

#include "cli/project_models.h"
#include "cli/serve_log.h"
#include "cli/trusted_keys.h"
#ifdef QUERN_GRPC
#include "server/grpc/server.h"
#endif

namespace quern::cli {

void AddServerModelsOptions(Verb verb, ServerModelsArgs* args) {
  const Option serve = verb.AddOption(
      "--serve", args->models,
      "[NAME=]MODEL: a model of the registry (NAME@alias, NAME/3 or NAME), a folder with "
      "an MLmodel or model.onnx, or an .onnx file, served on this port too: /v2, "
      "/invocations, /v1/models as quern serve does. May be repeated");
#ifdef QUERN_GRPC
  verb.AddOption("--grpc-port", args->grpc_port,
                 "With --serve: port of the Open Inference Protocol over gRPC, 0 for a free one; "
                 "without it there is no gRPC")
      .Between(0, 65535);
#endif
  verb.AddOption("--watch", args->watch,
                 "With --serve: seconds between looks at what an alias means; 0: it stays")
      .Between(0, 1e9)
      .ShowDefault()
      .Needs(serve);
}

Result<std::unique_ptr<ServerModels>> ServerModels::Find(const ServerModelsArgs& args,
                                                         const std::string& state_dir,
                                                         const std::string& host,
                                                         Context& context) {
  if (args.models.empty()) {
    if (args.grpc_port < 0) return std::unique_ptr<ServerModels>();
    return Fail(Code::kInvalidArgument, "--grpc-port is for models, and none is served",
                "name one: --serve NAME@champion");
  }
  std::unique_ptr<ServerModels> made(new ServerModels());
  // The registry is this server's own, wherever quern.yaml says that runs are tracked.
  QUERN_ASSIGN(made->workspace_, OpenProjectOf(state_dir, false, context));
  pipeline::Workspace* workspace = made->workspace_.get();
  QUERN_ASSIGN(auto chosen, server::FindModels(args.models, LookupIn(workspace),
                                               model::EnginePreference::kAuto, context.fs));
  server::ServeOptions options;
  options.http.host = host;
  options.releases = ReleasesOf(chosen, workspace);
  made->fixed_ = chosen.fixed;
  options.models = std::move(chosen.models);
  QUERN_ASSIGN(options.trust, RequiredTrust(state_dir, {}, context.fs));
  if (workspace != nullptr) {
    options.database = &workspace->database();
    QUERN_ASSIGN(options.log, PredictionLogOptionsOf({}, workspace->dir(), context.fs));
  }
#ifdef QUERN_GRPC
  if (args.grpc_port >= 0) {
    options.front =
        server::grpc::GrpcFront({.host = host, .port = static_cast<uint16_t>(args.grpc_port)});
  }
#endif
  QUERN_ASSIGN(made->scoring_, server::Scoring::Make(std::move(options)));
  made->watched_ = std::move(chosen.watched);
  made->watch_seconds_ = args.watch;
  return made;
}

void ServerModels::Started(const std::string& url, Context& context) {
  if (watch_seconds_ > 0 && !watched_.empty()) {
    watch_ = std::make_unique<server::ModelWatch>(*scoring_, std::move(watched_), std::move(fixed_),
                                                  watch_seconds_);
  }
  announced_ = Announce(url, false, workspace_.get(), context);
}

std::string ServerModels::front() const {
  return scoring_->front() != nullptr ? scoring_->front()->url() : "";
}

}  // namespace quern::cli
