#pragma once
// Inside of cli/ only: what people say of versions, and what became of them.
#include <string>

#include "cli/command.h"
#include "pipeline/workspace.h"

namespace quern::cli {

/// `quern models approve`, `reject`, `check`, `gate` and `log`, below the verb `models`.
void AddModelsReview(Verb models, Context& context);

/// What the project's quern.yaml asks for holds from now on, if the model is the project's and
/// there is a quern.yaml.
Status DeclarePolicies(pipeline::Workspace& workspace, const std::string& model);

}  // namespace quern::cli
