// k nearest neighbours: the model is the training rows; the scorer does the search.
#include "ml/learners/learner.h"

namespace quern::ml {
namespace {

Result<FittedModel> FitKnn(const TrainingSet& rows, const ParamReader& params, Rng) {
  const size_t k = params.Count("n_neighbors");
  if (k > rows.x.rows)
    return Fail(Code::kInvalidArgument,
                "n_neighbors is " + std::to_string(k) + ", but there are only " +
                    std::to_string(rows.x.rows) + " training rows",
                "use fewer neighbours");
  if (rows.weighted())
    rows.warnings.push_back("class weights do not change knn: every neighbour has one vote");
  KnnModel model;
  model.k = k;
  model.distance_weights = params.Text("weights") == "distance";
  model.features = rows.x.cols;
  model.points = rows.x.values;
  for (size_t r = 0; r < rows.x.rows; ++r) model.targets.push_back(rows.Label(r));
  return model;
}

}  // namespace

Learner KnnLearner() {
  return {"knn",
          {Task::kBinary, Task::kMulticlass, Task::kRegression},
          false,
          {IntegerParam("n_neighbors", 5, 1, 10000, "neighbours that vote"),
           TextParam("weights", "uniform", {"uniform", "distance"},
                     "one vote each, or votes by inverse distance")},
          FitKnn};
}

}  // namespace quern::ml
