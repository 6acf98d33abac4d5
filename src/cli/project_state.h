#pragma once
// How verbs open the state of a project.
#include <string>

#include "cli/command.h"
#include "pipeline/workspace.h"
#include "server/policy_source.h"

namespace quern::cli {

/// Webhooks of the project's own registry hear of what the verb changes there.
pipeline::ListenerMaker WebhookListener(Context& context);

/// For verbs that ask for runs or versions: at the server that the quern.yaml beside the state
/// folder names, if it names one.
Result<pipeline::WorkspaceOptions> OptionsFor(const std::string& state_dir, Context& context);

/// Where the project that the state folder is of declares what its model's aliases ask for. Borrows
/// the context; empty if it is no project's folder.
server::PolicySource DeclaredPolicies(const std::string& state_dir, Context& context);

}  // namespace quern::cli
