#include "ml/fit.h"

#include <cmath>

#include "base/text.h"
#include "ml/learners/learner.h"

namespace quern::ml {
namespace {

Result<std::vector<double>> RowWeights(const Target& target,
                                       const std::vector<double>& class_weights) {
  std::vector<double> weights(target.rows(), 1.0);
  if (class_weights.empty()) return weights;
  if (target.task == Task::kRegression)
    return Fail(Code::kInvalidArgument, "class weights for a regression target", "leave them out");
  if (class_weights.size() != target.classes.size())
    return Fail(Code::kInvalidArgument, std::to_string(class_weights.size()) +
                                            " class weights for " +
                                            std::to_string(target.classes.size()) + " classes");
  for (size_t k = 0; k < class_weights.size(); ++k)
    if (!(class_weights[k] > 0) || std::isinf(class_weights[k]))
      return Fail(
          Code::kInvalidArgument,
          "the weight of class '" + target.classes[k] + "' is " + ShortestDouble(class_weights[k]),
          "weights are positive numbers");
  for (size_t r = 0; r < weights.size(); ++r) weights[r] = class_weights[target.index[r]];
  return weights;
}

Status CheckMissing(const Prepared& prepared, const Learner& learner) {
  if (learner.takes_missing) return {};
  const Matrix& matrix = prepared.matrix;
  for (size_t i = 0; i < matrix.values.size(); ++i)
    if (std::isnan(matrix.values[i]))
      return Fail(Code::kInvalidArgument,
                  "column '" + prepared.pipeline.feature_names[i % matrix.cols] +
                      "' has missing values, which " + learner.kind + " does not take",
                  "declare how it is imputed");
  return {};
}

}  // namespace

Target Target::Take(std::span<const uint32_t> rows) const {
  Target taken;
  taken.task = task;
  taken.classes = classes;
  taken.numeric_classes = numeric_classes;
  for (const uint32_t row : rows) {
    if (task == Task::kRegression) {
      taken.values.push_back(values[row]);
    } else {
      taken.index.push_back(index[row]);
    }
  }
  return taken;
}

Result<FittedPipeline> FitLearner(const Prepared& prepared, const LearnerSpec& spec,
                                  const FitOptions& options) {
  QUERN_ASSIGN(const LearnerSpec full, ValidateLearner(spec, prepared.target.task));
  const Learner& learner = *FindLearner(full.kind);
  QUERN_TRY(CheckMissing(prepared, learner));
  QUERN_ASSIGN(std::vector<double> weights, RowWeights(prepared.target, options.class_weights));
  FittedPipeline pipeline = prepared.pipeline;
  pipeline.learner = full.kind;
  pipeline.params = full.params;
  const TrainingSet rows{prepared.matrix, prepared.target, std::move(weights), pipeline.warnings,
                         options.cancel};
  const ParamReader params(pipeline.params);
  QUERN_ASSIGN(pipeline.model, learner.fit(rows, params, Rng(options.seed).Fork(full.kind)));
  return pipeline;
}

Result<FittedPipeline> Fit(const PrepSpec& prep, const LearnerSpec& learner, const Frame& rows,
                           const Target& target, const FitOptions& options) {
  QUERN_TRY(ValidateLearner(learner, target.task));
  QUERN_ASSIGN(const Prepared prepared, Prepare(prep, rows, target));
  return FitLearner(prepared, learner, options);
}

Result<Scores> Score(const FittedPipeline& pipeline, const Frame& rows) {
  QUERN_ASSIGN(const Matrix matrix, Transform(pipeline, rows));
  return ScoreMatrix(pipeline, matrix);
}

}  // namespace quern::ml
