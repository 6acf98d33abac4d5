#pragma once
// Where the policies of models are declared, if not in the registry itself.
#include <functional>
#include <optional>
#include <string>

#include "base/result.h"

namespace quern::server {

/// The project file beside the store: every `quern run` sets the policies of the project's model to
/// what stands there, so that no other place may change them.
struct PolicyDeclaration {
  std::string project;  // also the name of its model
  std::string where;    // "/home/ada/heart/quern.yaml:14:1"
};

/// Reads it anew; nothing if there is no such file. Thread-safe. Errors are the project file's. May
/// be empty: then there is none.
using PolicySource = std::function<Result<std::optional<PolicyDeclaration>>()>;

/// The declaration that the model's policies follow; nothing if the registry's own word counts.
Result<std::optional<PolicyDeclaration>> DeclarationOf(const PolicySource& source,
                                                       const std::string& model);

/// Whether people may change the model's policies: kFailedPrecondition where a project file would
/// set them back at its next run, or cannot be read, so that nobody knows.
Status MayChangePolicies(const PolicySource& source, const std::string& model);

}  // namespace quern::server
