#include "ml/score.h"

#include <algorithm>
#include <cmath>

#include "base/check.h"
#include "ml/fit.h"

namespace quern::ml {
namespace {

void ApplyLink(Link link, double* y, size_t n) {
  if (link == Link::kLogistic) {
    for (size_t k = 0; k < n; ++k) y[k] = 1 / (1 + std::exp(-y[k]));
  } else if (link == Link::kSoftmax) {
    const double top = *std::max_element(y, y + n);
    double sum = 0;
    for (size_t k = 0; k < n; ++k) sum += y[k] = std::exp(y[k] - top);
    for (size_t k = 0; k < n; ++k) y[k] /= sum;
  }
}

std::vector<double> LinearOutputs(const LinearModel& model, const Matrix& matrix) {
  std::vector<double> out(matrix.rows * model.outputs);
  for (size_t r = 0; r < matrix.rows; ++r) {
    for (size_t k = 0; k < model.outputs; ++k) {
      double sum = 0;
      for (size_t c = 0; c < matrix.cols; ++c)
        sum += model.weights[k * matrix.cols + c] * matrix.at(r, c);
      out[r * model.outputs + k] = sum + model.intercepts[k];
    }
    ApplyLink(model.link, &out[r * model.outputs], model.outputs);
  }
  return out;
}

/// The leaf that a row reaches, in units of leaf_width.
size_t Leaf(const std::vector<TreeNode>& tree, const float* row) {
  size_t at = 0;
  while (tree[at].leaf < 0) {
    const TreeNode& node = tree[at];
    const float x = row[node.feature];
    const bool left = std::isnan(x) ? node.missing_left : x < node.threshold;
    at = static_cast<size_t>(left ? node.left : node.right);
  }
  return static_cast<size_t>(tree[at].leaf);
}

std::vector<double> TreeOutputs(const TreeEnsemble& model, const Matrix& matrix) {
  const size_t width = model.leaf_width;
  std::vector<float> row(matrix.cols), sums(model.outputs);
  std::vector<double> out(matrix.rows * model.outputs);
  for (size_t r = 0; r < matrix.rows; ++r) {
    for (size_t c = 0; c < matrix.cols; ++c) row[c] = static_cast<float>(matrix.at(r, c));
    std::copy(model.base.begin(), model.base.end(), sums.begin());
    for (size_t t = 0; t < model.trees.size(); ++t) {
      const float* leaf = &model.leaves[Leaf(model.trees[t], row.data()) * width];
      if (width == 1) {
        sums[t % model.outputs] += leaf[0];
      } else {
        for (size_t k = 0; k < width; ++k) sums[k] += leaf[k];
      }
    }
    double* y = &out[r * model.outputs];
    std::copy(sums.begin(), sums.end(), y);
    ApplyLink(model.link, y, model.outputs);
  }
  return out;
}

std::vector<double> ConstantOutputs(const ConstantModel& model, const Matrix& matrix) {
  std::vector<double> out;
  for (size_t r = 0; r < matrix.rows; ++r)
    out.insert(out.end(), model.values.begin(), model.values.end());
  return out;
}

uint32_t Label(const FittedPipeline& pipeline, const double* probabilities) {
  if (pipeline.task == Task::kBinary) return probabilities[1] >= pipeline.threshold ? 1 : 0;
  const size_t n = pipeline.classes.size();
  return static_cast<uint32_t>(std::max_element(probabilities, probabilities + n) - probabilities);
}

}  // namespace

std::vector<double> Outputs(const FittedModel& model, const Matrix& matrix, size_t classes) {
  if (const auto* constant = std::get_if<ConstantModel>(&model))
    return ConstantOutputs(*constant, matrix);
  if (const auto* linear = std::get_if<LinearModel>(&model)) return LinearOutputs(*linear, matrix);
  if (const auto* trees = std::get_if<TreeEnsemble>(&model)) return TreeOutputs(*trees, matrix);
  return KnnOutputs(std::get<KnnModel>(model), matrix, classes);
}

Scores ScoreMatrix(const FittedPipeline& pipeline, const Matrix& matrix) {
  QUERN_CHECK(matrix.cols == pipeline.feature_names.size(), "matrix of another pipeline");
  Scores scores;
  scores.classes = pipeline.classes.size();
  std::vector<double> out = Outputs(pipeline.model, matrix, scores.classes);
  if (pipeline.task == Task::kRegression) {
    scores.predictions = std::move(out);
    return scores;
  }
  if (out.size() == matrix.rows && scores.classes == 2) {
    for (const double p : out) {
      scores.probabilities.push_back(1 - p);
      scores.probabilities.push_back(p);
    }
  } else {
    scores.probabilities = std::move(out);
  }
  for (size_t r = 0; r < matrix.rows; ++r)
    scores.labels.push_back(Label(pipeline, &scores.probabilities[r * scores.classes]));
  return scores;
}

}  // namespace quern::ml
