// The baseline that knows no columns: class shares, or the mean.
#include "ml/learners/learner.h"

namespace quern::ml {
namespace {

Result<FittedModel> FitDummy(const TrainingSet& rows, const ParamReader&, Rng) {
  const bool regression = rows.y.task == Task::kRegression;
  ConstantModel model;
  model.values.assign(regression ? 1 : rows.classes(), 0.0);
  double total = 0;
  for (size_t r = 0; r < rows.x.rows; ++r) {
    const double w = rows.weights[r];
    if (regression) {
      model.values[0] += w * rows.y.values[r];
    } else {
      model.values[rows.y.index[r]] += w;
    }
    total += w;
  }
  for (double& v : model.values) v /= total;
  return model;
}

}  // namespace

Learner DummyLearner() {
  return {"dummy", {Task::kBinary, Task::kMulticlass, Task::kRegression}, true, {}, FitDummy};
}

}  // namespace quern::ml
