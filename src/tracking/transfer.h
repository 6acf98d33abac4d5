#pragma once
// Whole experiments, runs and logged models as other stores have them: with ids, times and states
// of their own. For import and export; clients log through runs.h and its neighbours.
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "store/database.h"
#include "tracking/experiments.h"
#include "tracking/logged_models.h"
#include "tracking/metric_chunk.h"
#include "tracking/runs.h"
#include "tracking/types.h"

namespace quern::tracking {

/// A run with all that was ever logged to it. Of `info`, `num` and `revision` are this store's own.
struct RunRecord {
  RunInfo info;
  std::optional<int64_t> deleted_ms;
  Texts params;
  Texts tags;
  std::map<std::string, std::vector<Point>> metrics;  // whole series, in any order
  std::vector<DatasetInput> datasets;
  std::vector<ModelLink> model_inputs;
  std::vector<ModelLink> model_outputs;
};

/// A logged model with every value that was measured of it, the last of each key and dataset as
/// well as those before.
struct ModelRecord {
  LoggedModel model;
  std::optional<int64_t> deleted_ms;
};

/// What became of a record that was put into the store.
enum class Kept {
  kAdded,
  kUpdated,    // it was there, unfinished, and is now as the record says
  kUnchanged,  // it was there
};

/// Where an experiment of another store is in this one.
struct Placed {
  int64_t id = 0;
  Kept kept = Kept::kAdded;
};

/// Thread-safe as the database is; borrows all it is given. Every Put is a transaction, which joins
/// the caller's. Values are kept whole, however long they are; names are checked as clients' are
/// (names.h): kInvalidArgument.
class Transfer {
 public:
  Transfer(store::Database& database, Experiments& experiments, Runs& runs, LoggedModels& models)
      : db_(database), experiments_(experiments), runs_(runs), models_(models) {}

  /// Where PutExperiment would put it, without doing so.
  Result<Placed> Place(const Experiment& experiment);
  /// An experiment of the same name is the same one, whatever its id, and gets the tags that it
  /// lacks. Else it is added, under its own id if that is free. Without an artifact location it
  /// gets one below this store's root.
  Result<Placed> PutExperiment(const Experiment& experiment);
  /// Gives an experiment a location below this store's root, if it is still written down to be at
  /// `from`.
  Status MoveExperimentArtifacts(int64_t id, const std::string& from);
  /// A run whose id is known is left as it is, unless it was still going when it was put here: then
  /// what is new is added. Its experiment must exist: kFailedPrecondition.
  Result<Kept> PutRun(const RunRecord& record);
  /// A logged model whose id is known is left as it is, unless it was still pending.
  Result<Kept> PutModel(const ModelRecord& record);

  /// "RUNNING" and so on; nothing for a run that is not here.
  Result<std::optional<std::string>> RunStatusOf(const std::string& id);

  /// A deleted one too.
  Result<bool> HasModel(const std::string& id);
  /// Says where the artifacts of a run, or of a logged model, are now, if they are still written
  /// down to be at `from`.
  Status MoveRunArtifacts(const std::string& id, const std::string& from, const std::string& to);
  Status MoveModelArtifacts(const std::string& id, const std::string& from, const std::string& to);

  /// Of all states, oldest first.
  Result<std::vector<Experiment>> AllExperiments();
  /// Of the runs and logged models of an experiment, deleted ones too, oldest first.
  Result<std::vector<std::string>> RunIds(int64_t experiment_id);
  Result<std::vector<std::string>> ModelIds(int64_t experiment_id);
  Result<RunRecord> GetRun(const std::string& id);
  Result<ModelRecord> GetModel(const std::string& id);

 private:
  Status Check(const RunRecord& record);
  Status Check(const ModelRecord& record);
  Status AddRun(const RunRecord& record);
  Status UpdateRun(const RunRecord& record, const RunRecord& before);
  Status AddModel(const ModelRecord& record);
  Status UpdateModel(const ModelRecord& record, const ModelRecord& before);
  store::Database& db_;
  Experiments& experiments_;
  Runs& runs_;
  LoggedModels& models_;
};

}  // namespace quern::tracking
