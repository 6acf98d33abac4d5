#pragma once
// Inside of registry/ only: how a change is made.
#include <functional>
#include <string>

#include "registry/context.h"

namespace quern::registry {

/// One line of the log that only grows: who made `change` of the model `name`, from what to what.
struct Change {
  std::string name;
  std::string change;
  std::string before;
  std::string after;
  std::string reason;
};
/// Within a transaction: it locks the end of the chain until that is over.
Status Note(store::Database& database, const Clock& clock, const std::string& actor,
            const Change& change);
Status Note(const RegistryContext& context, const Change& change);

/// Tells the listener, if there is one.
Status Tell(const RegistryContext& context, const Event& event);

/// Runs `body` as one transaction and then tells the listener that it is committed. `body` may run
/// on another caller's thread, and must hold no lock.
Status Commit(const RegistryContext& context, const std::function<Status()>& body);

/// The time of a change, moved to the model and, unless `version` is 0, to that version.
Status Touch(store::Database& database, const Clock& clock, const std::string& name,
             int64_t version);
Status Touch(const RegistryContext& context, const std::string& name, int64_t version = 0);

}  // namespace quern::registry
