#pragma once
// How verbs open the state of a project.
#include <string>

#include "cli/command.h"
#include "pipeline/workspace.h"

namespace quern::cli {

/// Webhooks of the project's own registry hear of what the verb changes there.
pipeline::ListenerMaker WebhookListener(Context& context);

/// For verbs that ask for runs or versions: at the server that the quern.yaml beside the state
/// folder names, if it names one.
Result<pipeline::WorkspaceOptions> OptionsFor(const std::string& state_dir, Context& context);

}  // namespace quern::cli
