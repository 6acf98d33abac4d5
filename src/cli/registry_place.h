#pragma once
// Inside of cli/ only: a registry that versions are copied into, as users name it.
#include <memory>
#include <string>
#include <vector>

#include "base/progress.h"
#include "base/result.h"
#include "cli/command.h"
#include "exchange/version_copier.h"
#include "pipeline/workspace.h"
#include "remote/server.h"
#include "signing/trust.h"

namespace quern::cli {

struct PlaceAsked {
  std::string place;     // a project's folder, or http(s)://…
  std::string model;     // as it will be called there
  std::string packages;  // the state folder that the package is below, for a server by its URL
  /// Hears of files that are sent to a server; borrowed.
  Progress* progress = nullptr;
};

/// One place, opened. Borrows the context.
class RegistryPlace {
 public:
  /// kNotFound for a folder that is not there, kInvalidArgument for one that is no project,
  /// kUnavailable for a server that does not answer, kPermissionDenied for one that does not let us
  /// in (MLFLOW_TRACKING_TOKEN and so on, as remote/settings.h has them).
  static Result<std::unique_ptr<RegistryPlace>> Open(const PlaceAsked& asked, Context& context);

  exchange::CopyTarget target();
  registry::PackageRegistry& registry() { return target().registry; }
  /// Of whom one must have signed what comes in: `keys`, else what the project's quern.yaml
  /// requires; empty if nothing is asked for.
  Result<signing::Trust> Requires(const std::vector<std::string>& keys, Fs& fs) const;
  /// What the project's quern.yaml asks of aliases holds from now on; nothing at a server's URL.
  Status DeclarePolicies(const std::string& model);

 private:
  std::unique_ptr<pipeline::Workspace> workspace_;  // or
  std::unique_ptr<remote::Server> server_;          // by its URL
  std::string packages_;
};

}  // namespace quern::cli
