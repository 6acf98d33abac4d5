#pragma once
// Brings what a source of MLflow's holds into a store.
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/cancel.h"
#include "base/result.h"
#include "base/time.h"
#include "exchange/mlflow_source.h"
#include "exchange/report.h"
#include "registry/transfer.h"
#include "store/artifacts.h"
#include "store/database.h"
#include "tracking/transfer.h"

namespace quern::exchange {

struct ImportOptions {
  /// Only these experiments, and the registered models with a version of one of their runs; all if
  /// there are none.
  std::vector<std::string> experiments;
  /// Copy the files of runs and models. Without, they stay where they are.
  bool artifacts = true;
  /// Read everything and write nothing.
  bool dry_run = false;
};

/// Where an import writes to. Borrowed.
struct ImportTarget {
  store::Database& database;
  tracking::Transfer& tracking;
  registry::Transfer& registry;
  /// Files of a run become EXPERIMENT_ID/RUN_ID/artifacts/… here, which clients know as
  /// "mlflow-artifacts:/" and that. Null for a dry run into a store that does not exist yet.
  store::ArtifactStore* artifacts;
  const Clock& clock;
};

/// One import, from its beginning to its end. What was imported before stays and is not read again,
/// so that an import that broke off goes on where it was. One thread; borrows all it is given.
class Importer {
 public:
  Importer(MlflowSource& source, const ImportTarget& target, const ImportOptions& options,
           const CancelToken& cancel, OnProgress on_progress)
      : source_(source),
        target_(target),
        options_(options),
        cancel_(cancel),
        on_progress_(std::move(on_progress)) {}

  /// Errors: kNotFound for an experiment that was asked for and is not there, kCancelled, and those
  /// of the store and of the source. What went well is in report() either way.
  Status Run();
  const Report& report() const { return report_; }

 private:
  struct Files {
    std::string uri;  // where they are now
    bool here = false;
  };
  Status ImportAll();
  Result<std::vector<tracking::Experiment>> Chosen();
  Status ImportExperiment(const tracking::Experiment& experiment);
  Status ImportRun(tracking::RunRecord record);
  Status ImportLoggedModel(tracking::ModelRecord record);
  Status ImportRegistered(registry::ModelRecord record);
  Status Flush();
  Status PutPending();
  Result<Files> CopyArtifacts(const ArtifactOwner& owner, const std::string& path);
  Status CopyTree(ArtifactTree& tree, const std::string& below);
  Status CopyFile(ArtifactTree& tree, const std::string& path, const std::string& to,
                  uint64_t size);
  /// Whether the version's files lie among those that were copied.
  bool MoveStorage(registry::ModelVersion& version) const;
  Status Step(const std::string& doing);

  MlflowSource& source_;
  ImportTarget target_;
  ImportOptions options_;
  const CancelToken& cancel_;
  OnProgress on_progress_;
  Report report_;

  // Of the experiment that is being imported.
  tracking::Placed placed_;
  std::string experiment_;
  bool is_deleted_ = false;
  int64_t deleted_ms_ = 0;

  std::vector<tracking::RunRecord> pending_;
  size_t pending_points_ = 0;
  /// Ids of what was seen, for the choice of registered models.
  std::set<std::string, std::less<>> seen_;
  /// From where artifacts were, to where they are.
  std::map<std::string, std::string> moved_;
  /// Of one experiment and one reason, how many.
  std::map<std::pair<std::string, std::string>, int64_t> unreached_;
  std::map<std::pair<std::string, std::string>, int64_t> staying_;
};

}  // namespace quern::exchange
