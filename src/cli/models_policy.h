#pragma once
// Inside of cli/ only: what an alias of a model asks for.
#include "cli/command.h"

namespace quern::cli {

/// `quern models policy`, below the verb `models`.
void AddModelsPolicy(Verb models, Context& context);

}  // namespace quern::cli
