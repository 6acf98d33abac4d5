// Ridge regression: minimises sum w (y - a - x b)^2 + alpha |b|^2, the intercept free;
// scikit-learn's Ridge. alpha 0 is least squares, of least norm where columns depend on each other.
#include <Eigen/Cholesky>
#include <Eigen/Core>
#include <Eigen/QR>

#include "ml/learners/learner.h"

namespace quern::ml {
namespace {

using RowMajor = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

Result<FittedModel> FitLinear(const TrainingSet& rows, const ParamReader& params, Rng) {
  const auto n = static_cast<Eigen::Index>(rows.x.rows);
  const auto p = static_cast<Eigen::Index>(rows.x.cols);
  Eigen::MatrixXd x = Eigen::Map<const RowMajor>(rows.x.values.data(), n, p);
  Eigen::VectorXd y = Eigen::Map<const Eigen::VectorXd>(rows.y.values.data(), n);
  const Eigen::Map<const Eigen::VectorXd> w(rows.weights.data(), n);
  const Eigen::RowVectorXd x_mean = (w.transpose() * x) / w.sum();
  const double y_mean = w.dot(y) / w.sum();
  x.rowwise() -= x_mean;
  y.array() -= y_mean;
  const Eigen::VectorXd root = w.array().sqrt();
  x = root.asDiagonal() * x;
  y = root.asDiagonal() * y;
  const double alpha = params.Number("alpha");
  Eigen::VectorXd b;
  if (alpha > 0) {
    Eigen::MatrixXd gram = x.transpose() * x;
    gram.diagonal().array() += alpha;
    b = gram.ldlt().solve(x.transpose() * y);
  } else {
    b = x.completeOrthogonalDecomposition().solve(y);
  }
  LinearModel model;
  model.link = Link::kIdentity;
  model.weights.assign(b.data(), b.data() + p);
  model.intercepts = {y_mean - x_mean.dot(b)};
  return model;
}

}  // namespace

Learner LinearLearner() {
  return {"linear",
          {Task::kRegression},
          false,
          {NumberParam("alpha", 1, 0, 1e9, "strength of the L2 penalty on the weights; 0: none")},
          FitLinear};
}

}  // namespace quern::ml
