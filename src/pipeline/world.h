#pragma once
// What the steps of one project share while they run.
#include <memory>
#include <string>
#include <vector>

#include "base/frame.h"
#include "ml/spec.h"
#include "pipeline/model_host.h"
#include "pipeline/project.h"
#include "pipeline/step.h"
#include "pipeline/workspace.h"
#include "training/dataset.h"
#include "training/train.h"

namespace quern::pipeline {

/// Borrowed by the closures of all steps; outlives the graph.
struct World {
  const Project& project;
  Workspace& workspace;
  ModelHost host;
  size_t threads = 1;

  World(const Project& p, Workspace& w, size_t t) : project(p), workspace(w), host(w), threads(t) {}
};

/// Columns of a source as ingestion found them, from its record.
struct ColumnInfo {
  std::string name;
  std::string type;  // number, category, text, time, boolean
  bool is_text = false;
};
std::vector<ColumnInfo> ColumnsOf(const json::value& ingest_record);

/// Path of a source's snapshot, from its record.
std::string SnapshotOf(const World& world, const json::value& ingest_record);

/// All columns of a source's snapshot.
Result<Frame> ReadSource(const World& world, const StepContext& context, const std::string& source);

/// The rows of one or more sources with labels and the columns that steer splitting.
Result<training::Dataset> LoadDataset(const World& world, const StepContext& context,
                                      const std::vector<std::string>& sources);

/// The target's values; missing ones stay missing.
Result<Column> LabelsOf(const World& world, const Frame& rows);
/// As LabelsOf, of rows whose outcome may not be known yet: all missing where a column that the
/// target needs is not there.
Result<Column> LateLabelsOf(const World& world, const Frame& rows);
/// The target's expression reads no other columns than these.
bool HasTarget(const World& world, const std::vector<ColumnInfo>& columns);

/// Sets the columns that steer splitting from the dataset's rows. kInvalidArgument: no such column.
Status Steer(const World& world, training::Dataset& dataset);

/// `training:` with what the task of a finished training decides.
training::TrainingSpec TrainingOf(const World& world, const json::value& train_record);

/// The declared preparation over the feature columns that the sources have.
Result<ml::PrepSpec> MakePrep(const World& world, const std::vector<ColumnInfo>& columns);

/// How drift tests read the columns: by their declared type.
std::map<std::string, monitoring::ColumnKind> KindsOf(const std::vector<ColumnInfo>& columns);

/// Leaves of a section as key parts.
void AddParams(const World& world, const std::string& section, Step& step,
               const std::vector<std::string>& except = {});

/// Of steps that write to the tracking store or read from it: where it is, unless it is the
/// project's own. What was registered elsewhere is not here.
void AddTracking(const World& world, Step& step);

/// Digest of a record without what changes from run to run.
std::string RecordDigest(const json::value& record);

}  // namespace quern::pipeline
