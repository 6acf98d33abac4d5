#pragma once
// Models that `quern server` serves beside everything else, on its own port.
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "cli/command.h"
#include "cli/verb.h"
#include "pipeline/workspace.h"
#include "server/model_references.h"
#include "server/model_watch.h"
#include "server/scoring.h"
#include "serving/announcement.h"

namespace quern::cli {

struct ServerModelsArgs {
  std::vector<std::string> models;
  int grpc_port = -1;
  double watch = 10;
};

/// Adds --serve, --grpc-port and --watch.
void AddServerModelsOptions(Verb verb, ServerModelsArgs* args);

/// The models, and what keeps them up to date. Outlives the server.
class ServerModels {
 public:
  /// Finds the models of the project in `state_dir`; null if none is asked for. `host` is where
  /// gRPC listens. Errors: of finding them.
  static Result<std::unique_ptr<ServerModels>> Find(const ServerModelsArgs& args,
                                                    const std::string& state_dir,
                                                    const std::string& host, Context& context);

  /// For TrackingServerOptions::models.
  std::shared_ptr<server::Scoring> scoring() const { return scoring_; }
  /// Once the server at `url` has started: follows the registry, and tells the page.
  void Started(const std::string& url, Context& context);
  /// Before the server stops.
  void Stopping() { watch_ = nullptr; }
  /// Where gRPC listens: "grpc://127.0.0.1:8001"; "" if it does not.
  std::string front() const;

 private:
  ServerModels() = default;
  std::unique_ptr<pipeline::Workspace> workspace_;
  std::vector<server::WatchedModel> watched_;
  server::VersionSet fixed_;
  double watch_seconds_ = 0;
  std::shared_ptr<server::Scoring> scoring_;
  std::unique_ptr<server::ModelWatch> watch_;
  std::unique_ptr<serving::Announcement> announced_;
};

}  // namespace quern::cli
