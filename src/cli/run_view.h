#pragma once
// How a run is shown: a live line with a bar on a terminal, plain lines in a pipe, JSON events for
// machines.
#include <memory>

#include "cli/command.h"
#include "pipeline/executor.h"

namespace quern::cli {

std::unique_ptr<pipeline::RunListener> MakeRunView(const Context& context);

}  // namespace quern::cli
