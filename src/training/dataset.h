#pragma once
// The rows that training works on: raw columns, labels, and the columns that steer splitting.
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/frame.h"
#include "ml/fit.h"

namespace quern::training {

struct Dataset {
  Frame rows;
  ml::Target target;
  std::optional<Column> groups;
  std::optional<Column> times;
};

/// The picked rows, with what steers splitting.
Dataset TakeRows(const Dataset& dataset, std::span<const uint32_t> rows);

/// What a label is called in messages, runs and feedback: text as it is, a number in its shortest
/// form.
std::string LabelText(const Column& labels, size_t row);

/// Labels from a computed target column (missing ones are an error naming how many). A boolean or
/// 0/1 target, or any with two values, is binary; `positive` empty: 1, true or yes, else the larger
/// label. A number with more than 10 values, or one that is not whole, is regression; everything
/// else is multiclass. `task` empty: inferred so, else "binary", "multiclass" or "regression".
/// kInvalidArgument: one class or one value only, a positive class that does not occur, a task that
/// does not fit.
Result<ml::Target> MakeTarget(const Column& labels, const std::string& task,
                              const std::string& positive);

/// Labels of new rows, as far as they can be said in the classes of a model.
struct KnownLabels {
  ml::Target target;
  std::vector<uint32_t> rows;  // the rows that `target` speaks of, ascending
  /// Labels that are no class of the model, with the number of their rows: a class that came up
  /// after training. Rows without a label are in neither.
  std::map<std::string, size_t> unknown;
};

/// kInvalidArgument: text where the model predicts a number.
Result<KnownLabels> LabelsFor(const Column& labels, const ml::FittedPipeline& model);

}  // namespace quern::training
