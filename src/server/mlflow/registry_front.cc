#include "server/mlflow/registry_front.h"

#include "server/mlflow/webhook_routes.h"

namespace quern::server::mlflow {

Result<registry::LoggedModelOrigin> TrackingOrigins::LoggedModel(const std::string& id) {
  QUERN_ASSIGN(tracking::LoggedModel model, models_.Get(id));
  return registry::LoggedModelOrigin{std::move(model.artifact_uri), std::move(model.source_run_id),
                                     std::move(model.tags)};
}

Status TrackingOrigins::TagLoggedModel(const std::string& id, const std::string& key,
                                       const std::string& value) {
  return models_.SetTags(id, {{key, value}});
}

Result<std::string> TrackingOrigins::RunArtifacts(const std::string& run_id) {
  QUERN_ASSIGN(const tracking::RunInfo info, runs_.Info(run_id));
  return info.artifact_uri;
}

Result<std::unique_ptr<RegistryFront>> RegistryFront::Open(const RegistryFrontOptions& options) {
  QUERN_ASSIGN(webhooks::Settings settings, webhooks::ReadSettings(options.environment));
  std::shared_ptr<const registry::SourceRule> rule;
  constexpr char kRule[] = "MLFLOW_CREATE_MODEL_VERSION_SOURCE_VALIDATION_REGEX";
  if (const char* expression = options.environment(kRule)) {
    QUERN_ASSIGN(rule, registry::SourceRule::Make(expression, kRule));
  }
  return std::unique_ptr<RegistryFront>(
      new RegistryFront(options, std::move(settings), std::move(rule)));
}

RegistryFront::RegistryFront(const RegistryFrontOptions& options, webhooks::Settings settings,
                             std::shared_ptr<const registry::SourceRule> rule)
    : rule_(std::move(rule)),
      settings_(std::move(settings)),
      vault_(settings_.key, options.fs, options.secrets_folder),
      origins_(options.runs, options.models, options.package_root),
      webhooks_(options.database, options.clock, vault_, settings_),
      deliverer_(options.database, options.clock, vault_, settings_),
      teller_(webhooks_, &deliverer_),
      routes_{options.database, options.clock, origins_,
              &teller_,         rule_.get(),   options.serve_artifact} {}

void RegistryFront::AddRoutes(Router* router) {
  AddRegistryRoutes(router, routes_);
  AddApiRoutes(router, WebhookRoutes({webhooks_, deliverer_}));
}

}  // namespace quern::server::mlflow
