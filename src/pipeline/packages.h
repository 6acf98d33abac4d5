#pragma once
// Model packages of a run, kept under artifacts/models/<digest>: written once, loaded to be judged.
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "model/scorer.h"
#include "pipeline/world.h"
#include "stats/interval.h"
#include "training/evaluate.h"

namespace quern::pipeline {

struct WrittenModel {
  std::string digest;
  std::string path;  // below .quern
  uint64_t bytes = 0;
};

/// What a package tells about its making.
struct PackageFacts {
  const Frame* training_rows = nullptr;  // for the reference profile, examples, explanations
  std::map<std::string, stats::Interval> metrics;
  std::vector<std::string> lineage;
};

/// Writes the package, or finds that the same one is there already.
Result<WrittenModel> WriteModel(World& world, const ml::FittedPipeline& pipeline,
                                const PackageFacts& facts);

struct LoadedModel {
  std::shared_ptr<model::Scorer> scorer;
  training::ScoreFn score;

  double threshold() const { return scorer->signature().threshold; }
  /// The raw columns that the model takes, of these rows.
  Frame Inputs(const Frame& rows) const;
};
/// `path` below .quern.
Result<LoadedModel> LoadModel(const World& world, const std::string& path);

/// Classes and task of a packaged model, for reading labels.
ml::FittedPipeline ShapeOf(const model::Signature& signature);

/// "snapshot:cleveland@3fa9…": the lineage id of a source's snapshot.
std::string SnapshotId(const StepContext& context, const std::string& source);

/// Tags that every run carries: data snapshots, configuration digest, program.
std::map<std::string, std::string> TagsOf(const World& world, const StepContext& context,
                                          const std::vector<std::string>& sources);

/// Adds in what state the code was (code_state.h) to the tags of a family's runs; the diff to the
/// parent's alone.
void NoteCode(const World& world, tracking::RunFamily& family);

/// The snapshots that a run learns from: what they are, and where they stay.
std::vector<tracking::DatasetInput> DatasetsOf(const World& world, const StepContext& context,
                                               const std::vector<std::string>& sources);

/// "run:3fa9…": the lineage id of a run.
std::string RunNodeId(const std::string& run_id);

/// Text of a record's field.
std::string TextOf(const json::value& record, std::string_view key);

/// A number that a record holds; NaN of null.
double NumberOf(const json::value& value);

}  // namespace quern::pipeline
