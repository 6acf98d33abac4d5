#pragma once
#include "cli/command.h"

namespace quern::cli {

/// `quern models plan`, below the verb `models`.
void AddModelsPlan(Verb models, Context& context);

}  // namespace quern::cli
