#pragma once
// The rows that training works on: raw columns, labels, and the columns that steer splitting.
#include <optional>
#include <string>

#include "base/frame.h"
#include "ml/fit.h"

namespace quern::training {

struct Dataset {
  Frame rows;
  ml::Target target;
  std::optional<Column> groups;
  std::optional<Column> times;
};

/// Labels from a computed target column (missing ones are an error naming how many). A boolean or
/// 0/1 target, or any with two values, is binary; `positive` empty: 1, true or yes, else the larger
/// label. A number with more than 10 values, or one that is not whole, is regression; everything
/// else is multiclass. `task` empty: inferred so, else "binary", "multiclass" or "regression".
/// kInvalidArgument: one class only, a positive class that does not occur, a task that does not
/// fit.
Result<ml::Target> MakeTarget(const Column& labels, const std::string& task,
                              const std::string& positive);

/// Labels of new rows in the classes of a model; `rows` receives the indices of rows that have a
/// label.
Result<ml::Target> LabelsFor(const Column& labels, const ml::FittedPipeline& model,
                             std::vector<uint32_t>& rows);

}  // namespace quern::training
