#pragma once
// Inside of cli/ only: versions that go from one registry to another.
#include <string>
#include <vector>

#include "cli/command.h"
#include "cli/progress_line.h"
#include "cli/registry_place.h"

namespace quern::cli {

/// A version of a workspace's registry, ready to go. Errors of Resolve, PackageFolder and Depart.
Result<exchange::MovingVersion> DepartFrom(pipeline::Workspace& workspace,
                                           const std::string& reference);

/// How a version is taken in.
struct TakeIn {
  std::string as;     // the model's name there; "": the one that it has
  std::string alias;  // to set there; "": none
  std::string reason;
  std::vector<std::string> verify_keys;
};
/// --as, --alias, --reason and --verify-key; `take` outlives the verb.
void AddTakeIn(Verb verb, TakeIn& take);

/// Copies a version into `place`, sets the alias if its gate is open, and says what came of it.
/// The exit code.
Result<int> Deliver(const exchange::MovingVersion& moving, const PlaceAsked& place,
                    const TakeIn& take, ProgressLine& line, Context& context);

/// `quern models copy`, below the verb `models`.
void AddModelsCopy(Verb models, Context& context);

}  // namespace quern::cli
