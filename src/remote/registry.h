#pragma once
// A project's packages in the model registry of a tracking server elsewhere.
#include <optional>
#include <string>
#include <vector>

#include "base/fs.h"
#include "base/progress.h"
#include "base/result.h"
#include "registry/package_registry.h"
#include "remote/api.h"
#include "remote/experiment.h"

namespace quern::remote {

/// Thread-safe. Borrows all it is given. Packages go to the artifacts of the run that made them.
/// Without a name, List is of the model that has the project's name.
class RemoteRegistry : public registry::PackageRegistry {
 public:
  /// `state_dir` holds the packages that are registered; `progress` hears of their files.
  RemoteRegistry(Api& api, Experiment& experiment, std::string state_dir, std::string user, Fs& fs,
                 Progress& progress = NoProgress())
      : api_(api),
        experiment_(experiment),
        state_dir_(std::move(state_dir)),
        user_(std::move(user)),
        fs_(fs),
        progress_(progress) {}

  Result<registry::ModelVersion> Register(const registry::NewPackage& package) override;
  Status SetAlias(const std::string& name, const std::string& alias, int64_t version,
                  const std::string& reason) override;
  Status ForceAlias(const std::string& name, const std::string& alias, int64_t version,
                    const std::string& reason) override;
  /// Of a server that knows no gates everything may pass.
  Result<registry::GateReport> Gate(const std::string& name, const std::string& alias,
                                    int64_t version) override;
  /// kFailedPrecondition if policies are asked for and the server knows no gates.
  Status SetPolicies(const std::string& name,
                     const std::map<std::string, registry::AliasPolicy>& policies) override;
  /// The server refuses it if a project file beside its store declares the policies.
  Status SetPolicy(const registry::PolicyChange& change) override;
  /// None of a server that knows no gates.
  Result<std::map<std::string, registry::AliasPolicy>> Policies(const std::string& name) override;
  Status Say(const registry::Review& review) override;
  Status Record(const registry::VersionCheck& check) override;
  Status KeepSignature(const std::string& name, int64_t version, const std::string& bundle,
                       const std::string& reason) override;
  Status RemoveAlias(const std::string& name, const std::string& alias,
                     const std::string& reason) override;
  Status Rename(const std::string& name, const std::string& new_name,
                const std::string& reason) override;
  Result<std::optional<registry::RegisteredModel>> Model(const std::string& name) override;
  Result<registry::ModelVersion> Get(const std::string& name, int64_t version) override;
  Result<std::optional<registry::ModelVersion>> ByAlias(const std::string& name,
                                                        const std::string& alias) override;
  Result<std::vector<registry::ModelVersion>> List(const std::string& name) override;
  Status Fetch(const registry::ModelVersion& version, const std::string& folder) override;

 private:
  /// Where the files of a package go, behind the artifact calls.
  Result<std::string> PlaceOf(const registry::NewPackage& package);
  /// The version of a package, as the server tells it.
  Result<std::optional<json::value>> FindByDigest(const std::string& name,
                                                  const std::string& digest);
  /// Versions that a filter finds; without their aliases.
  Result<std::vector<json::value>> Search(const std::string& filter);
  /// The version that an alias points at, 0 if there is no such alias or model.
  Result<int64_t> VersionOf(const std::string& name, const std::string& alias);
  /// A call of Quern's own, below the model or its version (0: the model); nothing if the server
  /// has no such call.
  Result<std::optional<json::value>> AskQuern(std::string_view method, const std::string& name,
                                              int64_t version, const std::string& what,
                                              const json::object& body);
  Status TellQuern(const std::string& name, int64_t version, const std::string& what,
                   const json::object& body);
  Status Tag(const std::string& name, int64_t version, const std::string& key,
             const std::string& value);
  Status UploadFolder(const std::string& folder, const std::string& to);
  Status DownloadFolder(const std::string& from, const std::string& to, int depth);

  Api& api_;
  Experiment& experiment_;
  std::string state_dir_;
  std::string user_;
  Fs& fs_;
  Progress& progress_;
};

}  // namespace quern::remote
