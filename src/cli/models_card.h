#pragma once
#include "cli/command.h"

namespace quern::cli {

/// `quern models card` and `quern models compare`, below the verb `models`.
void AddModelsCard(Verb models, Context& context);

}  // namespace quern::cli
