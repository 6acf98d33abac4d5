#pragma once
#include "cli/command.h"

namespace quern::cli {

/// `quern models sign`, `verify` and `keygen`, below the verb `models`.
void AddModelsSign(Verb models, Context& context);

}  // namespace quern::cli
