#pragma once
// The experiment that a project's runs and packages are kept under.
#include <optional>
#include <string>

#include "base/mutex.h"
#include "base/result.h"
#include "remote/api.h"

namespace quern::remote {

struct ExperimentInfo {
  std::string id;
  std::string artifact_location;
};

/// Thread-safe. Asked for once, then remembered. Borrows the API.
class Experiment {
 public:
  Experiment(Api& api, std::string name) : api_(api), name_(std::move(name)) {}

  const std::string& name() const { return name_; }
  /// Nothing if there is none yet. kFailedPrecondition for a deleted one.
  Result<std::optional<ExperimentInfo>> Find();
  /// Made if there is none.
  Result<ExperimentInfo> Ensure();
  /// That the server is there, understands, and lets us in.
  Status Check();

 private:
  Result<std::optional<ExperimentInfo>> Read(const Result<json::value>& answer);
  Api& api_;
  const std::string name_;
  Mutex mutex_;
  std::optional<ExperimentInfo> known_ QUERN_GUARDED_BY(mutex_);
};

/// The path behind the server's artifact calls that `uri` means. kFailedPrecondition for artifacts
/// that are kept elsewhere.
Result<std::string> ArtifactPath(const std::string& url, const std::string& uri);

}  // namespace quern::remote
