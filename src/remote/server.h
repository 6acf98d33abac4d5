#pragma once
// A tracking server elsewhere, as one object: what a project with `tracking: {server: URL}` writes
// to and reads from.
#include <memory>
#include <string>

#include "base/cancel.h"
#include "base/fs.h"
#include "base/result.h"
#include "base/time.h"
#include "net/server_url.h"
#include "remote/registry.h"
#include "remote/run_book.h"
#include "remote/settings.h"

namespace quern::remote {

struct ServerOptions {
  net::ServerUrl url;
  std::string project;    // the name of its experiment and of its model
  std::string state_dir;  // where its packages are
  std::string user;       // who acts, as the server is told
  Settings settings;
  /// Ends waiting for a server that is away; may be null, else borrowed.
  const CancelToken* cancel = nullptr;
  /// Hears of the files of a package that is sent; may be null, else borrowed.
  Progress* progress = nullptr;
};

/// Thread-safe. Borrows file system and clock.
class Server {
 public:
  /// Nothing is sent yet.
  static Result<std::unique_ptr<Server>> Open(const ServerOptions& options, Fs& fs,
                                              const Clock& clock);

  /// That the server is there, speaks MLflow and lets us in. One request.
  Status Check() { return experiment_.Check(); }
  const std::string& url() const { return api_->url(); }
  tracking::RunBook& runs() { return runs_; }
  registry::PackageRegistry& registry() { return registry_; }

 private:
  Server(std::unique_ptr<Api> api, const ServerOptions& options, Fs& fs, const Clock& clock)
      : api_(std::move(api)),
        experiment_(*api_, options.project),
        runs_(*api_, experiment_, options.user, clock),
        registry_(*api_, experiment_, options.state_dir, options.user, fs,
                  options.progress != nullptr ? *options.progress : NoProgress()) {}
  std::unique_ptr<Api> api_;
  Experiment experiment_;
  RemoteRunBook runs_;
  RemoteRegistry registry_;
};

}  // namespace quern::remote
