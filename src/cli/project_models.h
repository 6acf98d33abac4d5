#pragma once
// The models of a project's registry, as servers of models are told of them.
#include <memory>
#include <string>

#include "base/result.h"
#include "cli/command.h"
#include "pipeline/workspace.h"
#include "server/model_references.h"
#include "server/releases.h"
#include "serving/announcement.h"

namespace quern::cli {

/// The project whose registry names models, and which keeps their predictions; null if there is
/// none. `asks_registry`: what quern.yaml says of a tracking server holds.
Result<std::unique_ptr<pipeline::Workspace>> OpenProjectOf(const std::string& state_dir,
                                                           bool asks_registry, Context& context);

/// Finds what NAME, NAME/3 or NAME@alias means now; empty for no workspace. Borrows it.
server::RegistryLookup LookupIn(pipeline::Workspace* workspace);

/// Releases of the models that are served under their registered names. Borrows the workspace,
/// which may be null.
server::ReleaseSource ReleasesOf(const server::ModelsToServe& chosen,
                                 pipeline::Workspace* workspace);

/// Lets the page of `quern server` find the model server at `url`; null without a workspace. One
/// that cannot say where it is serves all the same.
std::unique_ptr<serving::Announcement> Announce(const std::string& url, bool wants_token,
                                                pipeline::Workspace* workspace, Context& context);

}  // namespace quern::cli
