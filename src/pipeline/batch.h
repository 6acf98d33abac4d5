#pragma once
// Rows with labels and scores: what monitoring and retraining judge.
#include <string>
#include <vector>

#include "pipeline/packages.h"
#include "pipeline/steps.h"

namespace quern::pipeline {

struct Judged {
  std::vector<uint32_t> rows;  // which of the given rows have a label
  ml::Target target;           // their labels
  ml::Scores scores;           // what the model says of them
};

/// Scores the labelled ones of `rows`.
Result<Judged> JudgeRows(const LoadedModel& model, const Frame& rows, const Column& labels);

/// Rows of the training sources that were held out of the first training.
Result<std::vector<uint32_t>> HoldOutOf(const StepContext& context);

/// Lineage id of a scored batch.
std::string BatchId(const std::string& batch, const Champion& champion);

}  // namespace quern::pipeline
