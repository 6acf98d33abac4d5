#include "cli/project_state.h"

#include "server/webhook_queue.h"

namespace quern::cli {

pipeline::ListenerMaker WebhookListener(Context& context) {
  return [&context](store::Database& database) {
    return server::MakeWebhookQueue(database, context.clock, context.fs);
  };
}

Result<pipeline::WorkspaceOptions> OptionsFor(const std::string& state_dir, Context& context) {
  pipeline::WorkspaceOptions options;
  if (BaseName(state_dir) == ".quern") {
    QUERN_ASSIGN(options.tracked, pipeline::LoadTracking(DirName(state_dir), context.fs));
  }
  // What is at a server can be asked for before anything has run here.
  if (options.tracked && options.tracked->tracking.server) {
    options.open = pipeline::WorkspaceOptions::Open::kCreate;
  }
  options.cancel = &context.cancel;
  options.listener = WebhookListener(context);
  return options;
}

server::PolicySource DeclaredPolicies(const std::string& state_dir, Context& context) {
  if (BaseName(state_dir) != ".quern") return nullptr;
  const std::string project = DirName(state_dir);
  return [project, &context]() -> Result<std::optional<server::PolicyDeclaration>> {
    QUERN_ASSIGN(auto found, pipeline::FindPolicies(project, context.fs));
    if (!found) return std::optional<server::PolicyDeclaration>();
    return server::PolicyDeclaration{std::move(found->project), std::move(found->where)};
  };
}

}  // namespace quern::cli
