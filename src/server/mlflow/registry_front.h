#pragma once
// The registry and its webhooks as one part of a server: opened by settings, mounted on a router.
#include <functional>
#include <memory>
#include <string>

#include "base/fs.h"
#include "base/time.h"
#include "registry/source.h"
#include "server/http/router.h"
#include "server/mlflow/registry_routes.h"
#include "server/mlflow/webhook_events.h"
#include "tracking/logged_models.h"
#include "tracking/runs.h"

namespace quern::server::mlflow {

/// Runs and logged models of the tracking store, as the registry asks for them. Borrows both.
class TrackingOrigins : public registry::Origins {
 public:
  /// A package at "artifacts/x" is reached by clients at `package_root` + "artifacts/x".
  TrackingOrigins(tracking::Runs& runs, tracking::LoggedModels& models, std::string package_root)
      : runs_(runs), models_(models), package_root_(std::move(package_root)) {}
  Result<registry::LoggedModelOrigin> LoggedModel(const std::string& id) override;
  Status TagLoggedModel(const std::string& id, const std::string& key,
                        const std::string& value) override;
  Result<std::string> RunArtifacts(const std::string& run_id) override;
  std::string PackageUri(const std::string& path) override { return package_root_ + path; }

 private:
  tracking::Runs& runs_;
  tracking::LoggedModels& models_;
  std::string package_root_;
};

/// Borrowed parts must outlive the front.
struct RegistryFrontOptions {
  store::Database& database;
  const Clock& clock;
  Fs& fs;
  tracking::Runs& runs;
  tracking::LoggedModels& models;
  /// The folder of the key that secrets of webhooks are sealed with, if the environment gives none.
  std::string secrets_folder;
  /// "mlflow-artifacts:/quern/", or the state folder with a slash if artifacts are not served.
  std::string package_root;
  std::function<net::HttpResponse(std::string_view uri, std::string_view path,
                                  const net::HttpRequest& request)>
      serve_artifact;
  /// A variable's value, or null: std::getenv.
  std::function<const char*(const char*)> environment;
};

/// Thread-safe. Routes borrow it.
class RegistryFront {
 public:
  /// Reads MLFLOW_CREATE_MODEL_VERSION_SOURCE_VALIDATION_REGEX and MLFLOW_WEBHOOK_*;
  /// kInvalidArgument names the variable that is wrong.
  static Result<std::unique_ptr<RegistryFront>> Open(const RegistryFrontOptions& options);
  RegistryFront(const RegistryFront&) = delete;
  RegistryFront& operator=(const RegistryFront&) = delete;

  void AddRoutes(Router* router);
  /// The calls of model versions, for who answers by them.
  std::vector<ApiRoute> VersionCalls() const { return ModelVersionRoutes(routes_); }
  /// Goes on with what an earlier process left to tell.
  Status Start() { return deliverer_.Start(); }
  /// No more is told; what waits is kept for the next process.
  void Stop() { deliverer_.Stop(); }

 private:
  RegistryFront(const RegistryFrontOptions& options, webhooks::Settings settings,
                std::shared_ptr<const registry::SourceRule> rule);
  std::shared_ptr<const registry::SourceRule> rule_;
  webhooks::Settings settings_;
  webhooks::Vault vault_;
  TrackingOrigins origins_;
  webhooks::Webhooks webhooks_;
  webhooks::Deliverer deliverer_;
  WebhookTeller teller_;
  RegistryRouteContext routes_;
};

}  // namespace quern::server::mlflow
