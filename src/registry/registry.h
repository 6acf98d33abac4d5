#pragma once
// The registry as a project's own runs use it: packages in, aliases that move, every move logged.
// What MLflow's clients ask stands in models.h and versions.h, over the same rows.
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "registry/context.h"
#include "registry/package_registry.h"
#include "registry/types.h"
#include "store/database.h"

namespace quern::registry {

/// Thread-safe as the database is. Borrows it, and the listener, which may be null.
class Registry : public PackageRegistry {
 public:
  Registry(store::Database& database, const Clock& clock, std::string actor,
           Listener* listener = nullptr)
      : db_(database), clock_(clock), actor_(std::move(actor)), listener_(listener) {}

  Result<ModelVersion> Register(const NewPackage& package) override;
  Status SetAlias(const std::string& name, const std::string& alias, int64_t version,
                  const std::string& reason) override;
  Status ForceAlias(const std::string& name, const std::string& alias, int64_t version,
                    const std::string& reason) override;
  Result<GateReport> Gate(const std::string& name, const std::string& alias,
                          int64_t version) override {
    return JudgeGate(db_, name, alias, version);
  }
  Status SetPolicies(const std::string& name,
                     const std::map<std::string, AliasPolicy>& policies) override {
    return reviews().SetPolicies(name, policies);
  }
  Status SetPolicy(const PolicyChange& change) override { return reviews().SetPolicy(change); }
  Result<std::map<std::string, AliasPolicy>> Policies(const std::string& name) override;
  Status Say(const Review& review) override { return reviews().Say(review); }
  Status Record(const VersionCheck& check) override { return reviews().Record(check); }
  Status KeepSignature(const std::string& name, int64_t version, const std::string& bundle,
                       const std::string& reason) override;
  Status RemoveAlias(const std::string& name, const std::string& alias,
                     const std::string& reason) override;
  Status Rename(const std::string& name, const std::string& new_name,
                const std::string& reason) override;
  Result<std::optional<RegisteredModel>> Model(const std::string& name) override;
  Result<ModelVersion> Get(const std::string& name, int64_t version) override;
  Result<std::optional<ModelVersion>> ByAlias(const std::string& name,
                                              const std::string& alias) override;
  Result<std::vector<ModelVersion>> List(const std::string& name) override;
  /// There is nowhere to fetch from: a package is in the state folder or lost.
  Status Fetch(const ModelVersion& version, const std::string& folder) override;
  /// Oldest first. What happened to a model under an earlier name is told too.
  Result<std::vector<LogEntry>> Log(const std::string& name);

 private:
  Reviews reviews() const { return {db_, clock_, actor_}; }
  Status Insert(const NewPackage& package, int64_t version);
  Status Tag(const std::string& name, int64_t version, const Texts& tags);
  Status Note(const std::string& name, const std::string& change, const std::string& before,
              const std::string& after, const std::string& reason);
  /// One transaction, after which the listener is told that it is committed.
  Status Commit(const std::function<Status()>& body);
  Status Tell(const Event& event);
  Result<std::vector<ModelVersion>> Select(const std::string& where,
                                           const std::vector<store::Param>& params);
  store::Database& db_;
  const Clock& clock_;
  std::string actor_;
  Listener* listener_;
};

}  // namespace quern::registry
