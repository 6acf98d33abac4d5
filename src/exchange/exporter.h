#pragma once
// Writes what a store holds as an mlruns folder that MLflow's FileStore reads.
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/cancel.h"
#include "base/fs.h"
#include "base/result.h"
#include "exchange/folder_writer.h"
#include "exchange/mlflow_source.h"
#include "exchange/report.h"
#include "registry/transfer.h"
#include "store/artifacts.h"
#include "tracking/transfer.h"

namespace quern::exchange {

struct ExportOptions {
  /// A folder that is absent or empty.
  std::string folder;
  /// Only these experiments, and the registered models with a version of one of their runs; all if
  /// there are none.
  std::vector<std::string> experiments;
  /// Copy the files of runs and models. Without, what is written says where they are now.
  bool artifacts = true;
};

/// Where an export reads from. Borrowed.
struct ExportOrigin {
  tracking::Transfer& tracking;
  registry::Transfer& registry;
  /// What "mlflow-artifacts:/" stands for; packages of this store's own runs are below quern/.
  store::ArtifactStore& artifacts;
};

/// One export. The folder appears whole, or not at all. One thread; borrows all it is given.
class Exporter {
 public:
  Exporter(const ExportOrigin& origin, const ExportOptions& options, Fs& fs,
           const CancelToken& cancel, OnProgress on_progress);

  /// Errors: kAlreadyExists for a folder that holds something, kNotFound for an experiment that is
  /// not there, kCancelled, and those of the store and of the disk.
  Status Run();
  const Report& report() const { return report_; }

 private:
  Result<std::vector<tracking::Experiment>> Chosen();
  Status CheckPlace();
  Status WriteAll();
  Status WriteExperiment(tracking::Experiment experiment);
  Status WriteRegistered(const std::string& name);
  /// Copies the files of `uri` to `to`, a path of the folder, and says where they are then.
  Result<std::string> CopyArtifacts(const std::string& uri, const std::string& to);
  Status CopyTree(const std::string& from, const std::string& to);
  Status CopyFile(const std::string& from, const std::string& to);
  std::string Moved(const std::string& uri) const;
  Status Step(const std::string& doing);

  ExportOrigin origin_;
  ExportOptions options_;
  Fs& fs_;
  const CancelToken& cancel_;
  OnProgress on_progress_;
  Report report_;
  std::string place_;    // absolute
  std::string growing_;  // beside it, until it is whole
  FolderWriter writer_;
  std::string doing_;
  std::set<std::string, std::less<>> seen_;
  std::map<std::string, std::string> moved_;
  /// Of one experiment or model, how many artifacts lie elsewhere and stay there.
  std::map<std::string, int64_t> staying_;
};

}  // namespace quern::exchange
