#pragma once
// What the registry is given: where it keeps its rows, who acts, and whom it asks and tells.
#include <string>

#include "base/result.h"
#include "base/time.h"
#include "registry/types.h"
#include "store/database.h"

namespace quern::registry {

class SourceRule;

/// What a logged model lends to a version that is registered from it.
struct LoggedModelOrigin {
  std::string artifact_uri;
  std::string run_id;  // "" if no run made it
  Texts tags;
};

/// What the registry asks of those who keep runs, logged models and packages. Thread-safe. Called
/// within transactions of the registry's database: what is written then is kept with them.
class Origins {
 public:
  virtual ~Origins() = default;
  /// kNotFound for an id that does not exist.
  virtual Result<LoggedModelOrigin> LoggedModel(const std::string& id) = 0;
  virtual Status TagLoggedModel(const std::string& id, const std::string& key,
                                const std::string& value) = 0;
  /// Where the artifacts of a run are; kNotFound for an id that does not exist.
  virtual Result<std::string> RunArtifacts(const std::string& run_id) = 0;
  /// The URI under which clients reach a package, given its folder relative to the state folder.
  virtual std::string PackageUri(const std::string& path) = 0;
};

/// One thing that happened, for those who subscribe to it.
struct Event {
  enum class Kind {
    kModelCreated,
    kVersionCreated,
    kModelTagSet,
    kModelTagDeleted,
    kVersionTagSet,
    kVersionTagDeleted,
    kAliasSet,
    kAliasDeleted,
  };
  Kind kind = Kind::kModelCreated;
  bool prompt = false;  // of a model that holds a prompt
  std::string name;
  int64_t version = 0;
  std::string key;    // of a tag
  std::string value;  // of a tag
  std::string alias;
  std::string description;
  std::string source;
  std::string run_id;
  Texts tags;
};

/// Thread-safe.
class Listener {
 public:
  virtual ~Listener() = default;
  /// Within the change's transaction: rows written here are kept exactly if the change is.
  virtual Status Happened(const Event& event) = 0;
  /// After the commit of changes that were told.
  virtual void Committed() = 0;
};

/// Borrows all that it points to. A plain value: one per request costs a copy.
struct RegistryContext {
  store::Database& database;
  const Clock& clock;
  /// Who changes: "quern run", or what a client declares of itself, marked as unverified.
  std::string actor;
  Origins& origins;
  /// Null if nobody subscribes.
  Listener* listener = nullptr;
  /// Null if any source may be registered.
  const SourceRule* source_rule = nullptr;
};

}  // namespace quern::registry
