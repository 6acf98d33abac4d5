#pragma once
#include "cli/command.h"

namespace quern::cli {

/// `quern models rename`, below the verb `models`.
void AddModelsRename(Verb models, Context& context);
/// `quern models export` and `import`: a version as an OCI artifact.
void AddModelsOci(Verb models, Context& context);

}  // namespace quern::cli
