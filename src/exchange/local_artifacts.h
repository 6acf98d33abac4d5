#pragma once
// Inside of exchange/ only: artifacts of a source that lie in folders of this machine.
#include <memory>
#include <optional>
#include <string>

#include "base/result.h"
#include "exchange/mlflow_source.h"

namespace quern::exchange {

/// The path of a local URI or path ("file:///a%20b", "/a", "mlruns/1"), `base` before a relative
/// one; nothing for what another scheme names.
std::optional<std::string> LocalPath(const std::string& uri, const std::string& base);

/// Where a source's artifacts are looked for. A plain value.
struct LocalPlaces {
  /// What relative URIs are relative to.
  std::string base;
  /// What "mlflow-artifacts:/" stands for.
  std::string proxied;

  /// The folder of an owner, which need not exist yet: nothing was logged then. Errors as those of
  /// MlflowSource::Artifacts. MLflow ends the place of a run's artifacts in RUN_ID/artifacts: one
  /// that does not end so is not read, whatever lies there. `own`: where the files are if the
  /// place that is written down does not exist, "" for nowhere.
  Result<std::string> FolderOf(const ArtifactOwner& owner, const std::string& own) const;
};

/// The plain files below a folder; links out of it, and to folders, are left out.
std::unique_ptr<ArtifactTree> FolderTree(std::string folder);

}  // namespace quern::exchange
