#pragma once
// What orders ask of the registry: which version is meant, and whether its gate is open or may be
// passed.
#include <string>

#include "base/result.h"
#include "base/time.h"
#include "registry/gate.h"
#include "registry/package_registry.h"
#include "store/database.h"

namespace quern::registry {

/// The number of the version that a text means: its number, or what an alias points at. kNotFound.
Result<std::string> VersionNumber(PackageRegistry& registry, const std::string& model,
                                  const std::string& text);

/// An order that may pass a closed gate for a reason.
struct Passage {
  std::string actor;
  std::string reason;
  bool force = false;
};

/// The gate of an alias to a version. By force a closed one is opened, which the log keeps as an
/// override (Reviews::Override says what is wrong with it).
Result<GateReport> AskGate(store::Database& database, const Clock& clock, const std::string& model,
                           const std::string& alias, int64_t version, const Passage& passage);

}  // namespace quern::registry
