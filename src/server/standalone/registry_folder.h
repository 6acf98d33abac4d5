#pragma once
// The registry of a project or store in a folder, to look models up in.
#include <functional>
#include <memory>
#include <string>

#include "base/fs.h"
#include "base/result.h"
#include "base/yaml.h"
#include "registry/registry.h"
#include "server/served_models.h"
#include "store/database.h"

namespace quern::server {

/// Thread-safe as its parts are.
class RegistryFolder {
 public:
  /// `root` is a project's folder or its state folder. kNotFound: nothing has run there.
  static Result<std::unique_ptr<RegistryFolder>> Open(const std::string& root, Fs& fs);

  /// What NAME@alias, NAME/3 or NAME means now. kNotFound; kFailedPrecondition: its package is not
  /// in this folder.
  Result<ModelToServe> Find(const std::string& reference);
  /// The folder of quern.db.
  const std::string& state() const { return state_; }
  /// kFailedPrecondition: the project declares what may be kept of predictions (`deployment: log:`)
  /// or declares it in a file that it includes. This program cannot heed it: columns of which
  /// only a hash may be kept would be kept as they are. Errors of reading quern.yaml.
  Status AllowsWholePredictions() const;
  /// kFailedPrecondition: the project declares trusted keys (`registry: signatures:`), which this
  /// program is given by an option. Errors of reading quern.yaml.
  Status AllowsUnsigned() const;
  store::Database& database() { return *database_; }

 private:
  RegistryFolder(std::string state, std::unique_ptr<store::Database> database, Fs& fs)
      : state_(std::move(state)),
        database_(std::move(database)),
        fs_(fs),
        registry_(*database_, SystemClock(), "quern-serve") {}

  /// Asks `check` of each quern.yaml there is, up to the first error.
  Status EachProjectFile(const std::function<Status(const YamlNode& project)>& check) const;

  std::string state_;
  std::unique_ptr<store::Database> database_;
  Fs& fs_;
  registry::Registry registry_;
};

}  // namespace quern::server
