// Logistic and softmax regression with scikit-learn's objective, C sum w loss + |weights|^2 / 2,
// the intercepts free; minimised by Newton steps with backtracking to a gradient near machine
// precision.
#include <Eigen/Cholesky>
#include <Eigen/Core>
#include <algorithm>
#include <cmath>

#include "ml/learners/learner.h"

namespace quern::ml {
namespace {

using RowMajor = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

/// Intercept of a class that the training rows lack: its softmax share is exactly 0.
constexpr double kNever = -1e4;

/// Parameters are outputs x (features + 1), row-major, each row's intercept last.
class Problem {
 public:
  Problem(const TrainingSet& rows, std::vector<size_t> label, Index outputs, double c)
      : x_(static_cast<Index>(rows.x.rows), static_cast<Index>(rows.x.cols) + 1),
        w_(c * Eigen::Map<const VectorXd>(rows.weights.data(), static_cast<Index>(rows.x.rows))),
        label_(std::move(label)),
        outputs_(outputs) {
    x_.leftCols(x_.cols() - 1) =
        Eigen::Map<const RowMajor>(rows.x.values.data(), x_.rows(), x_.cols() - 1);
    x_.col(x_.cols() - 1).setOnes();
  }

  Index size() const { return outputs_ * x_.cols(); }
  double weight() const { return w_.sum(); }

  double Loss(const VectorXd& theta) {
    Margins(theta);
    double loss = 0;
    for (Index i = 0; i < x_.rows(); ++i) {
      const auto k = static_cast<Index>(label_[static_cast<size_t>(i)]);
      if (outputs_ == 1) {
        const double m = k == 1 ? margin_(i, 0) : -margin_(i, 0);
        loss += w_[i] * (m > 0 ? std::log1p(std::exp(-m)) : std::log1p(std::exp(m)) - m);
      } else {
        const double top = margin_.row(i).maxCoeff();
        loss +=
            w_[i] * (top + std::log((margin_.row(i).array() - top).exp().sum()) - margin_(i, k));
      }
    }
    return loss + 0.5 * Penalised(theta).squaredNorm();
  }

  /// Gradient and Hessian at the point of the last Loss().
  void Derivatives(const VectorXd& theta, VectorXd& gradient, MatrixXd& hessian) {
    Probabilities();
    const Index d = x_.cols();
    gradient = Penalised(theta);
    hessian.setZero(size(), size());
    for (Index a = 0; a < outputs_; ++a) {
      VectorXd residual = probability_.col(a);
      for (Index i = 0; i < x_.rows(); ++i)
        if (static_cast<Index>(label_[static_cast<size_t>(i)]) == (outputs_ == 1 ? 1 : a))
          residual[i] -= 1;
      gradient.segment(a * d, d) += x_.transpose() * w_.cwiseProduct(residual);
      for (Index b = 0; b <= a; ++b) {
        const auto pa = probability_.col(a).array();
        const auto pb = probability_.col(b).array();
        const VectorXd curve = (w_.array() * pa * ((a == b ? 1.0 : 0.0) - pb)).matrix();
        const MatrixXd block = x_.transpose() * curve.asDiagonal() * x_;
        hessian.block(a * d, b * d, d, d) = block;
        if (a != b) hessian.block(b * d, a * d, d, d) = block.transpose();
      }
    }
    for (Index a = 0; a < outputs_; ++a)
      for (Index j = 0; j + 1 < d; ++j) hessian(a * d + j, a * d + j) += 1;
    PinIntercepts(hessian);
  }

 private:
  VectorXd Penalised(const VectorXd& theta) const {
    VectorXd copy = theta;
    for (Index a = 0; a < outputs_; ++a) copy[(a + 1) * x_.cols() - 1] = 0;
    return copy;
  }

  void Margins(const VectorXd& theta) {
    margin_ = x_ * Eigen::Map<const MatrixXd>(theta.data(), x_.cols(), outputs_);
  }

  void Probabilities() {
    if (outputs_ == 1) {
      probability_ = (1 + (-margin_.array()).exp()).inverse().matrix();
      return;
    }
    probability_ = margin_;
    probability_.colwise() -= margin_.rowwise().maxCoeff().eval();
    probability_ = probability_.array().exp().matrix();
    const VectorXd sums = probability_.rowwise().sum();
    probability_.array().colwise() /= sums.array();
  }

  /// Softmax does not change when all intercepts grow alike: curvature in that direction alone
  /// makes the steps unique and leaves the optimum where it is.
  void PinIntercepts(MatrixXd& hessian) const {
    if (outputs_ == 1) return;
    const Index d = x_.cols();
    for (Index a = 0; a < outputs_; ++a)
      for (Index b = 0; b < outputs_; ++b) hessian((a + 1) * d - 1, (b + 1) * d - 1) += 1;
  }

  MatrixXd x_;
  VectorXd w_;  // times C
  std::vector<size_t> label_;
  Index outputs_;
  MatrixXd margin_, probability_;
};

Result<VectorXd> Minimise(Problem& problem, size_t max_steps, const CancelToken* cancel,
                          bool& converged) {
  VectorXd theta = VectorXd::Zero(problem.size());
  VectorXd gradient;
  MatrixXd hessian;
  double loss = problem.Loss(theta);
  converged = false;
  for (size_t step = 0; step < max_steps; ++step) {
    if (cancel) QUERN_TRY(cancel->Check());
    problem.Derivatives(theta, gradient, hessian);
    if (gradient.cwiseAbs().maxCoeff() <= 1e-11 * std::max(1.0, problem.weight())) {
      converged = true;
      break;
    }
    const VectorXd direction = -hessian.ldlt().solve(gradient);
    const double slope = gradient.dot(direction);
    double length = 1;
    VectorXd next = theta + direction;
    double next_loss = problem.Loss(next);
    while (!(next_loss <= loss + 1e-4 * length * slope) && length > 1e-10) {
      length /= 2;
      next = theta + length * direction;
      next_loss = problem.Loss(next);
    }
    if (!(next_loss < loss)) {  // no progress that doubles can show
      converged = gradient.cwiseAbs().maxCoeff() <= 1e-6 * std::max(1.0, problem.weight());
      break;
    }
    theta = std::move(next);
    loss = next_loss;
  }
  return theta;
}

Result<FittedModel> FitLogistic(const TrainingSet& rows, const ParamReader& params, Rng) {
  const size_t classes = rows.classes();
  std::vector<size_t> counts(classes);
  for (const uint32_t k : rows.y.index) ++counts[k];
  std::vector<size_t> present, position(classes);
  for (size_t k = 0; k < classes; ++k) {
    position[k] = present.size();
    if (counts[k] > 0) present.push_back(k);
  }
  std::vector<size_t> label;
  for (const uint32_t k : rows.y.index) label.push_back(position[k]);
  const bool binary = rows.y.task == Task::kBinary;
  const auto outputs = binary ? Index{1} : static_cast<Index>(present.size());
  Problem problem(rows, std::move(label), outputs, params.Number("C"));
  bool converged = false;
  QUERN_ASSIGN(const VectorXd theta,
               Minimise(problem, params.Count("max_iter"), rows.cancel, converged));
  if (!converged)
    rows.warnings.push_back("logistic stopped after " + std::to_string(params.Count("max_iter")) +
                            " steps before it converged: raise max_iter or lower C");
  LinearModel model;
  const size_t p = rows.x.cols;
  model.outputs = binary ? 1 : classes;
  model.link = binary ? Link::kLogistic : Link::kSoftmax;
  model.weights.assign(model.outputs * p, 0.0);
  model.intercepts.assign(model.outputs, kNever);
  for (size_t a = 0; a < static_cast<size_t>(outputs); ++a) {
    const size_t k = binary ? 0 : present[a];
    const double* from = theta.data() + a * (p + 1);
    std::copy(from, from + p, model.weights.begin() + static_cast<ptrdiff_t>(k * p));
    model.intercepts[k] = from[p];
  }
  return model;
}

}  // namespace

Learner LogisticLearner() {
  return {"logistic",
          {Task::kBinary, Task::kMulticlass},
          false,
          {NumberParam("C", 1, 1e-8, 1e8, "inverse strength of the L2 penalty on the weights"),
           IntegerParam("max_iter", 100, 1, 10000, "most Newton steps")},
          FitLogistic};
}

}  // namespace quern::ml
