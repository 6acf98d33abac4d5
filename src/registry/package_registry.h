#pragma once
// Where a project's packages are registered: the project's own database (registry.h), or a
// registry elsewhere (remote/registry.h).
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "registry/gate.h"
#include "registry/reviews.h"
#include "registry/types.h"

namespace quern::registry {

/// The tag that holds the digest of a version's package.
inline constexpr char kDigestTag[] = "quern.digest";
/// Tags of a copy: the version that it was copied from ("heart/3"), the registry that holds it
/// ("host:/folder/.quern", a URL, "oci:sha256:…"), and the run that made it there.
inline constexpr char kCopiedFromTag[] = "quern.copied_from";
inline constexpr char kCopiedRegistryTag[] = "quern.copied_from.registry";
inline constexpr char kCopiedRunTag[] = "quern.copied_from.run";
/// Where a tracking server shows the packages of its own state folder, read-only.
inline constexpr char kProxiedPackages[] = "mlflow-artifacts:/quern/";
/// Where among the artifacts of such a server the state folder's `artifacts` stand.
inline constexpr char kPackagesMount[] = "quern/artifacts";

/// The tag that holds the signature of a version's package: a bundle of signing/bundle.h.
inline constexpr char kSignatureTag[] = "quern.signature";
/// The tag that says why an alias points at a version: "quern.alias.champion".
std::string ReasonTag(const std::string& alias);
/// The folder of a package below a state folder: "artifacts/models/3fa9c0…".
std::string PackagePath(const std::string& digest);

struct NewPackage {
  std::string name;    // of the model
  std::string digest;  // of the package, which is at PackagePath(digest)
  std::string run_id;  // that made it; "" if no run of this registry did
  Texts tags;
  std::string description = {};
  /// Of the model, if there is none of the name yet.
  std::string model_description = {};
  std::string reason = "registered by a run";  // for the log
};

/// Thread-safe.
class PackageRegistry {
 public:
  virtual ~PackageRegistry() = default;

  /// A package that is already registered under this name (same digest) keeps its version.
  virtual Result<ModelVersion> Register(const NewPackage& package) = 0;
  /// kNotFound without such a version, kFailedPrecondition if the gate of the alias is closed to it
  /// (gate.h). `reason` becomes a tag of the version.
  virtual Status SetAlias(const std::string& name, const std::string& alias, int64_t version,
                          const std::string& reason) = 0;
  /// The same past the gate, which is recorded as an override.
  virtual Status ForceAlias(const std::string& name, const std::string& alias, int64_t version,
                            const std::string& reason) = 0;
  virtual Status RemoveAlias(const std::string& name, const std::string& alias,
                             const std::string& reason) = 0;
  /// Whether the version may have the alias, and what is missing.
  virtual Result<GateReport> Gate(const std::string& name, const std::string& alias,
                                  int64_t version) = 0;
  /// What the aliases of a model ask for from now on; one that is not named asks for nothing.
  /// kNotFound without the model.
  virtual Status SetPolicies(const std::string& name,
                             const std::map<std::string, AliasPolicy>& policies) = 0;
  /// That of one alias, for a reason. kInvalidArgument without one.
  virtual Status SetPolicy(const PolicyChange& change) = 0;
  /// What the aliases of a model ask for; those that ask for nothing are left out. kNotFound
  /// without the model.
  virtual Result<std::map<std::string, AliasPolicy>> Policies(const std::string& name) = 0;
  virtual Status Say(const Review& review) = 0;
  virtual Status Record(const VersionCheck& check) = 0;
  /// Keeps the signature of a version's package, in place of what is kept. Who calls has checked it
  /// against the package; `reason` is for the log.
  virtual Status KeepSignature(const std::string& name, int64_t version, const std::string& bundle,
                               const std::string& reason) = 0;
  /// A model under another name, with all that hangs on it. kNotFound without such a model,
  /// kAlreadyExists for a name in use, kInvalidArgument for one that no model may have.
  virtual Status Rename(const std::string& name, const std::string& new_name,
                        const std::string& reason) = 0;
  /// A model with its tags; nothing if there is none of the name. Its versions and aliases are not
  /// looked at.
  virtual Result<std::optional<RegisteredModel>> Model(const std::string& name) = 0;
  virtual Result<ModelVersion> Get(const std::string& name, int64_t version) = 0;
  /// Nothing if the alias is not set.
  virtual Result<std::optional<ModelVersion>> ByAlias(const std::string& name,
                                                      const std::string& alias) = 0;
  /// All versions, newest first; of one model if `name` is not empty.
  virtual Result<std::vector<ModelVersion>> List(const std::string& name) = 0;
  /// Brings the files of a version into `folder`, which exists and is empty. kFailedPrecondition if
  /// they are nowhere to be had.
  virtual Status Fetch(const ModelVersion& version, const std::string& folder) = 0;

  /// "NAME@alias", "NAME/3" or "NAME" (its champion, else the newest).
  Result<ModelVersion> Resolve(const std::string& reference);
};

}  // namespace quern::registry
