#include "ml/learners/cart.h"
#include "ml/learners/learner.h"

namespace quern::ml {
namespace {

Result<FittedModel> FitTree(const TrainingSet& rows, const ParamReader& params, Rng rng) {
  CartOptions options;
  options.max_depth = params.Count("max_depth");
  options.min_samples_split = params.Count("min_samples_split");
  options.min_samples_leaf = params.Count("min_samples_leaf");
  TreeEnsemble ensemble = EmptyEnsemble(rows);
  GrowTree(RankedColumns(rows.x), rows, rows.weights, options, 1, rng, ensemble);
  return ensemble;
}

}  // namespace

Learner DecisionTreeLearner() {
  return {"decision_tree",
          {Task::kBinary, Task::kMulticlass, Task::kRegression},
          true,
          {IntegerParam("max_depth", 4, 0, 64, "deepest level of splits; 0: no limit"),
           IntegerParam("min_samples_split", 2, 2, 1e6, "fewest rows of a node that is split"),
           IntegerParam("min_samples_leaf", 5, 1, 1e6, "fewest rows of a leaf")},
          FitTree};
}

}  // namespace quern::ml
