#pragma once
// Which rows candidates of a retraining learn from, and which judge them.
#include <string>
#include <vector>

#include "pipeline/steps.h"

namespace quern::pipeline {

/// Labelled rows of a batch: what candidates may learn from, and what they are judged on.
struct BatchRows {
  training::Dataset learn;
  training::Dataset judge;
};

/// The newest rows judge where there is a time column, whole groups where there is a group column,
/// else a stratified sample. Rows without a label, or with one of a class that `shape` does not
/// know, are in neither part. kInvalidArgument: too few rows or groups for two sides.
Result<BatchRows> SplitBatch(const World& world, const StepContext& context,
                             const std::string& batch, const ml::FittedPipeline& shape);

struct Candidate {
  std::string name;
  std::string data;  // in words
  training::Dataset rows;
  /// Where its rows come from, besides the batch itself.
  std::vector<std::string> others = {};
};

/// One per entry of `retraining.data`. "combined": the first training's rows, what earlier batches
/// gave to learn from, and this batch's share. No row of a group that judges is in any.
Result<std::vector<Candidate>> Candidates(const World& world, const StepContext& context,
                                          const std::vector<std::string>& earlier,
                                          const BatchRows& batch, const ml::FittedPipeline& shape);

}  // namespace quern::pipeline
