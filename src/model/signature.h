#pragma once
// What a packaged model takes and answers, without the model itself.
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ml/fitted.h"

namespace quern::model {

struct Signature {
  ml::Task task = ml::Task::kBinary;
  /// Raw columns, all required, in the order of the graph's inputs.
  std::vector<ml::InputColumn> inputs;
  /// Class labels in index order; empty for regression. Binary: negative, positive.
  std::vector<std::string> classes;
  bool numeric_classes = false;
  /// Binary: positive if P(positive) >= threshold; the graph decides so by itself.
  double threshold = 0.5;
  /// Rows that one call of the runtime scores; longer batches are cut.
  size_t rows_per_call = 1;

  bool classifies() const { return task != ml::Task::kRegression; }
  /// Binary: the label that the probability of column 1 speaks of; else "".
  std::string positive() const { return task == ml::Task::kBinary ? classes.at(1) : ""; }
};

Signature SignatureOf(const ml::FittedPipeline& pipeline);

/// "binary", "multiclass", "regression".
std::string TaskName(ml::Task task);
/// Nothing for another word.
std::optional<ml::Task> ParseTask(std::string_view name);

}  // namespace quern::model
