#pragma once
// Inside of cli/ only: verbs that read what runs left behind.
#include <functional>
#include <memory>
#include <string>

#include "cli/command.h"
#include "pipeline/workspace.h"

namespace quern::cli {

struct StateArgs {
  std::string project = ".";
  std::string what;
  std::string set_alias;
  std::string reason;
  bool force = false;
  std::string filter;
  std::string order_by;
  int limit = 20;
  bool all = false;
};

/// Whether a verb asks for runs or versions, which the project may keep at a server.
enum class Asks { kHereAlone, kServerToo };

/// The state that a verb asks for.
Result<std::unique_ptr<pipeline::Workspace>> OpenState(const StateArgs& args, Asks asks,
                                                       Context& context);

/// Registers a verb over an opened workspace.
Verb AddStateVerb(
    Verb app, Context& context, const char* name, const char* doc,
    const std::shared_ptr<StateArgs>& args, Asks asks,
    const std::function<Status(pipeline::Workspace&, const StateArgs&, Context&)>& body);

}  // namespace quern::cli
