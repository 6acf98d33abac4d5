#pragma once
// The only door to fitting: declared pipeline + training rows in, fitted pipeline out. No I/O.
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "base/cancel.h"
#include "base/frame.h"
#include "base/result.h"
#include "ml/fitted.h"
#include "ml/spec.h"

namespace quern::ml {

/// Labels aligned with a frame's rows. Classification: `classes` in index order and `index` per
/// row; regression: `values` per row.
struct Target {
  Task task = Task::kBinary;
  std::vector<std::string> classes;
  bool numeric_classes = false;
  std::vector<uint32_t> index;
  std::vector<double> values;
  size_t rows() const { return task == Task::kRegression ? values.size() : index.size(); }
  Target Take(std::span<const uint32_t> rows) const;
};

struct FitOptions {
  uint64_t seed = 0;
  /// Per class, aligned with Target::classes; empty = all 1.
  std::vector<double> class_weights;
  const CancelToken* cancel = nullptr;
};

/// Fits preparation and learner on exactly these rows, on one thread. Deterministic in (spec, rows,
/// seed). kInvalidArgument: unknown column, target with one class, no usable column, bad parameter.
Result<FittedPipeline> Fit(const PrepSpec& prep, const LearnerSpec& learner, const Frame& rows,
                           const Target& target, const FitOptions& options);

/// The matrix that the learner sees for `rows` (raw columns in any order; extra ones are ignored,
/// absent ones are kInvalidArgument).
Result<Matrix> Transform(const FittedPipeline& pipeline, const Frame& rows);
Result<Scores> Score(const FittedPipeline& pipeline, const Frame& rows);

/// Fit() in two steps, for searches that try many learners on the same rows: what preparation
/// learned, the matrix that the learner sees, and the labels.
struct Prepared {
  FittedPipeline pipeline;  // without a model
  Matrix matrix;
  Target target;
};
Result<Prepared> Prepare(const PrepSpec& prep, const Frame& rows, const Target& target);
/// Fit(prep, ...) == FitLearner(Prepare(prep, ...), ...).
Result<FittedPipeline> FitLearner(const Prepared& prepared, const LearnerSpec& learner,
                                  const FitOptions& options);
/// Score() of rows that Transform() already prepared; `matrix` has the pipeline's columns.
Scores ScoreMatrix(const FittedPipeline& pipeline, const Matrix& matrix);

/// Defaults filled in; unknown parameter or value out of bounds is kInvalidArgument with a
/// suggestion.
Result<LearnerSpec> ValidateLearner(const LearnerSpec& learner, Task task);
/// Names that LearnerSpec::kind may have, and the parameters of one with type, default, bounds and
/// doc.
struct ParamDoc {
  std::string name;
  std::string type;  // "integer", "number", "text", "boolean"
  ParamValue fallback;
  double low = 0;
  double high = 0;  // bounds of numbers, low == high: none
  std::vector<std::string> choices;
  std::string doc;
};
std::vector<std::string> LearnerKinds();
const std::vector<ParamDoc>& LearnerParams(const std::string& kind);

}  // namespace quern::ml
