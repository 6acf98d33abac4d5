// Random forest (Breiman 2001): trees on bootstrap samples, a random choice of columns at each
// node, and class shares (or values) averaged over trees.
#include <algorithm>
#include <cmath>

#include "ml/learners/cart.h"
#include "ml/learners/learner.h"

namespace quern::ml {
namespace {

/// Columns per node: the declared share, or the square root (classes) or a third (numbers).
size_t ColumnsPerNode(const TrainingSet& rows, double share) {
  const auto p = static_cast<double>(rows.x.cols);
  double count = share * p;
  if (share == 0) count = rows.y.task == Task::kRegression ? p / 3 : std::sqrt(p);
  return std::max<size_t>(1, static_cast<size_t>(count));
}

Result<FittedModel> FitForest(const TrainingSet& rows, const ParamReader& params, Rng rng) {
  CartOptions options;
  options.max_depth = params.Count("max_depth");
  options.min_samples_leaf = params.Count("min_samples_leaf");
  options.max_features = ColumnsPerNode(rows, params.Number("max_features"));
  const size_t trees = params.Count("n_estimators");
  const RankedColumns columns(rows.x);
  TreeEnsemble ensemble = EmptyEnsemble(rows);
  for (size_t t = 0; t < trees; ++t) {
    if (rows.cancel) QUERN_TRY(rows.cancel->Check());
    Rng stream = rng.Fork(t);
    std::vector<double> weights(rows.x.rows);
    for (size_t i = 0; i < rows.x.rows; ++i) {
      const uint64_t row = stream.Below(rows.x.rows);
      weights[row] += rows.weights[row];
    }
    GrowTree(columns, rows, weights, options, 1 / static_cast<double>(trees), stream, ensemble);
  }
  return ensemble;
}

}  // namespace

Learner RandomForestLearner() {
  return {"random_forest",
          {Task::kBinary, Task::kMulticlass, Task::kRegression},
          true,
          {IntegerParam("n_estimators", 200, 1, 10000, "trees"),
           IntegerParam("max_depth", 0, 0, 64, "deepest level of splits; 0: no limit"),
           IntegerParam("min_samples_leaf", 2, 1, 1e6, "fewest rows of a leaf"),
           NumberParam("max_features", 0, 0, 1,
                       "share of the columns tried per split; 0: the square root of their number "
                       "(regression: a third)")},
          FitForest};
}

}  // namespace quern::ml
