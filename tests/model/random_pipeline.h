#pragma once
// Fitted pipelines that nobody fitted: every kind of model over every kind of preparation, with
// numbers at random, and rows that try them with missing, unseen and extreme values.
#include <string>
#include <vector>

#include "base/frame.h"
#include "base/random.h"
#include "ml/fitted.h"

namespace quern::model::testing {

enum class ModelKind { kConstant, kLinear, kTree, kForest, kBoosted, kKnn };
inline constexpr ModelKind kModelKinds[] = {ModelKind::kConstant, ModelKind::kLinear,
                                            ModelKind::kTree,     ModelKind::kForest,
                                            ModelKind::kBoosted,  ModelKind::kKnn};
inline constexpr ml::Task kTasks[] = {ml::Task::kBinary, ml::Task::kMulticlass,
                                      ml::Task::kRegression};

/// Columns age, dose, weight (numbers), stage (number category), site, note (text categories) and
/// the derived column ratio, each prepared at random.
ml::FittedPipeline RandomPipeline(ml::Task task, ModelKind kind, Rng& rng);

/// Rows for such a pipeline: about a sixth missing, some unseen categories and some extreme
/// numbers.
Frame RandomRows(size_t rows, Rng& rng);

/// An expression of random shape over the columns of RandomRows that is a number. Only what ONNX
/// can say.
std::string RandomExpression(Rng& rng);

/// A pipeline over the columns of RandomRows whose prediction is the expression's value, or -12345
/// where that is missing.
ml::FittedPipeline ExpressionPipeline(const std::string& expression);

}  // namespace quern::model::testing
