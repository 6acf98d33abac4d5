#include "cli/project_models.h"

#include <unistd.h>

#include <algorithm>
#include <utility>

#include "base/ids.h"
#include "base/log.h"
#include "base/text.h"
#include "cli/project_state.h"
#include "registry/alias_reason.h"
#include "server/registered_model.h"

namespace quern::cli {

Result<std::unique_ptr<pipeline::Workspace>> OpenProjectOf(const std::string& state_dir,
                                                           bool asks_registry, Context& context) {
  pipeline::WorkspaceOptions opening;
  if (asks_registry) {
    QUERN_ASSIGN(opening, OptionsFor(state_dir, context));
  }
  auto workspace = pipeline::Workspace::Open(state_dir, opening, context.fs, context.clock);
  if (!workspace && workspace.error().code == Code::kNotFound) {
    return std::unique_ptr<pipeline::Workspace>();
  }
  return workspace;
}

server::RegistryLookup LookupIn(pipeline::Workspace* workspace) {
  if (workspace == nullptr) return nullptr;
  return [workspace](const std::string& reference) -> Result<server::ModelToServe> {
    QUERN_ASSIGN(const auto version, workspace->registry().Resolve(reference));
    QUERN_ASSIGN(std::string folder, workspace->PackageFolder(version));
    return server::RegisteredModel(version, std::move(folder));
  };
}

server::ReleaseSource ReleasesOf(const server::ModelsToServe& chosen,
                                 pipeline::Workspace* workspace) {
  server::ReleaseSource source;
  if (workspace == nullptr) return source;
  registry::PackageRegistry* registry = &workspace->registry();
  for (const server::WatchedModel& watched : chosen.watched) {
    const server::ModelToServe& model = watched.current;
    // A name that was given in front of '=' is not the registry's.
    const auto& names = source.models;
    const bool renamed = watched.reference.find('=') != std::string::npos;
    if (renamed || std::find(names.begin(), names.end(), model.name) != names.end()) continue;
    source.models.push_back(model.name);
  }
  source.fixed = chosen.fixed;
  if (source.models.empty()) return source;
  source.find = [workspace, registry](const std::string& model,
                                      const std::string& text) -> Result<server::ModelToServe> {
    QUERN_ASSIGN(const auto version,
                 registry->Resolve(model + (ParseInt(text) ? "/" : "@") + text));
    QUERN_ASSIGN(std::string folder, workspace->PackageFolder(version));
    return server::RegisteredModel(version, std::move(folder));
  };
  source.may_promote = [registry](const std::string& model, const std::string& alias,
                                  const std::string& version) -> Status {
    const auto number = ParseInt(version);
    if (!number) return Fail(Code::kInvalidArgument, "'" + version + "' is no version's number");
    QUERN_ASSIGN(const registry::GateReport gate, registry->Gate(model, alias, *number));
    return registry::Allowed(gate);
  };
  source.set_alias = [registry](const std::string& model, const std::string& alias,
                                const std::string& version) -> Status {
    const auto number = ParseInt(version);
    if (!number) return Fail(Code::kInvalidArgument, "'" + version + "' is no version's number");
    QUERN_ASSIGN(const auto now, registry->ByAlias(model, alias));
    if (now && now->version == *number) return {};
    return registry->SetAlias(model, alias, *number, registry::kMovedByRelease);
  };
  return source;
}

std::unique_ptr<serving::Announcement> Announce(const std::string& url, bool wants_token,
                                                pipeline::Workspace* workspace, Context& context) {
  if (workspace == nullptr) return nullptr;
  auto made = serving::Announcement::Make(
      workspace->dir(),
      {NewHexId(), serving::LocalUrl(url), ::getpid(), context.clock.NowMs(), wants_token},
      context.fs);
  if (made) return std::move(*made);
  Log(LogLevel::kWarning, "pages will not find this server: " + made.error().ToString());
  return nullptr;
}

}  // namespace quern::cli
