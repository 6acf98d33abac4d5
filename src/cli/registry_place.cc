#include "cli/registry_place.h"

#include <cstdlib>

#include "cli/models_review.h"
#include "cli/places.h"
#include "cli/project_state.h"
#include "cli/trusted_keys.h"
#include "net/server_url.h"
#include "remote/settings.h"

namespace quern::cli {
namespace {

bool IsUrl(const std::string& place) {
  return place.starts_with("http://") || place.starts_with("https://");
}

Result<std::unique_ptr<remote::Server>> OpenUrl(const PlaceAsked& asked, Context& context) {
  remote::ServerOptions options;
  QUERN_ASSIGN(options.url, net::ParseServerUrl(asked.place));
  options.project = asked.model;
  options.state_dir = asked.packages;
  options.user = pipeline::Actor();
  QUERN_ASSIGN(options.settings,
               remote::ReadSettings([](const char* name) { return std::getenv(name); }));
  options.cancel = &context.cancel;
  options.progress = asked.progress;
  QUERN_ASSIGN(auto server, remote::Server::Open(options, context.fs, context.clock));
  QUERN_TRY(server->Check());
  return server;
}

/// The workspace of a project, which may not have run yet.
Result<std::unique_ptr<pipeline::Workspace>> OpenFolder(const std::string& place,
                                                        Context& context) {
  constexpr char kOther[] =
      "name the folder of a project, or the address of a server: http://HOST:PORT";
  const auto info = context.fs.Stat(place);
  if (!info && info.error().code == Code::kNotFound) {
    return Fail(Code::kNotFound, "there is no registry in '" + place + "': it does not exist",
                kOther);
  }
  if (!info) return std::unexpected(info.error());
  const std::string state = StateFolderOf(place, context.fs);
  const bool has_run = context.fs.Exists(JoinPath(state, "quern.db"));
  if (!has_run && !context.fs.Exists(JoinPath(DirName(state), "quern.yaml"))) {
    return Fail(Code::kInvalidArgument,
                "'" + place + "' is no registry: it holds neither quern.yaml nor .quern/quern.db",
                kOther);
  }
  QUERN_ASSIGN(auto options, OptionsFor(state, context));
  options.open = pipeline::WorkspaceOptions::Open::kCreate;
  QUERN_ASSIGN(auto workspace,
               pipeline::Workspace::Open(state, options, context.fs, context.clock));
  if (workspace->server() != nullptr) QUERN_TRY(workspace->server()->Check());
  return workspace;
}

}  // namespace

Result<std::unique_ptr<RegistryPlace>> RegistryPlace::Open(const PlaceAsked& asked,
                                                           Context& context) {
  auto opened = std::make_unique<RegistryPlace>();
  opened->packages_ = asked.packages;
  if (IsUrl(asked.place)) {
    QUERN_ASSIGN(opened->server_, OpenUrl(asked, context));
  } else {
    QUERN_ASSIGN(opened->workspace_, OpenFolder(asked.place, context));
  }
  return opened;
}

exchange::CopyTarget RegistryPlace::target() {
  if (server_ != nullptr) {
    return {server_->registry(), &server_->runs(), packages_, server_->url()};
  }
  remote::Server* server = workspace_->server();
  return {workspace_->registry(), server == nullptr ? nullptr : &server->runs(), workspace_->dir(),
          server == nullptr ? workspace_->place() : server->url()};
}

Result<signing::Trust> RegistryPlace::Requires(const std::vector<std::string>& keys, Fs& fs) const {
  if (workspace_ == nullptr) return signing::Trust::FromFiles(keys, fs);
  return RequiredTrust(workspace_->dir(), keys, fs);
}

Status RegistryPlace::DeclarePolicies(const std::string& model) {
  return workspace_ == nullptr ? Status() : cli::DeclarePolicies(*workspace_, model);
}

}  // namespace quern::cli
