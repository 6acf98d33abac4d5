// Gradient boosting by XGBoost, histogram method, one thread: small fits run in parallel over folds
// and trials, not inside.
#include "base/text.h"
#include "ml/learners/learner.h"
#include "ml/learners/xgboost.h"

namespace quern::ml {
namespace {

std::map<std::string, std::string> XgboostParams(const TrainingSet& rows, const ParamReader& params,
                                                 Rng& rng) {
  std::map<std::string, std::string> all{
      {"tree_method", "hist"},
      {"nthread", "1"},
      {"verbosity", "0"},
      {"seed", std::to_string(rng.Below(1u << 31))},
      {"eta", ShortestDouble(params.Number("learning_rate"))},
  };
  for (const char* name :
       {"max_depth", "subsample", "colsample_bytree", "min_child_weight", "reg_lambda", "gamma"})
    all[name] = ShortestDouble(params.Number(name));
  switch (rows.y.task) {
    case Task::kBinary:
      all["objective"] = "binary:logistic";
      break;
    case Task::kMulticlass:
      all["objective"] = "multi:softprob";
      all["num_class"] = std::to_string(rows.classes());
      break;
    case Task::kRegression:
      all["objective"] = "reg:squarederror";
      break;
  }
  return all;
}

Result<FittedModel> FitBoosting(const TrainingSet& rows, const ParamReader& params, Rng rng) {
  std::vector<float> labels, weights;
  for (size_t r = 0; r < rows.x.rows; ++r) labels.push_back(static_cast<float>(rows.Label(r)));
  if (rows.weighted()) weights.assign(rows.weights.begin(), rows.weights.end());
  QUERN_ASSIGN(const Booster booster,
               Booster::Train(rows.x, labels, weights, XgboostParams(rows, params, rng),
                              params.Count("n_estimators"), rows.cancel));
  QUERN_ASSIGN(const std::string saved, booster.Save());
  QUERN_ASSIGN(TreeEnsemble ensemble, ReadBoostedTrees(saved));
  return ensemble;
}

}  // namespace

Learner GradientBoostingLearner() {
  return {"gradient_boosting",
          {Task::kBinary, Task::kMulticlass, Task::kRegression},
          true,
          {IntegerParam("n_estimators", 80, 1, 10000, "boosting rounds"),
           IntegerParam("max_depth", 3, 1, 16, "deepest level of splits of a tree"),
           NumberParam("learning_rate", 0.1, 1e-4, 1, "how much each round adds"),
           NumberParam("subsample", 0.8, 0.05, 1, "share of the rows that a round sees"),
           NumberParam("colsample_bytree", 0.8, 0.05, 1, "share of the columns that a tree sees"),
           NumberParam("min_child_weight", 1, 0, 1e6, "least sum of second derivatives in a leaf"),
           NumberParam("reg_lambda", 1, 0, 1e6, "L2 penalty on leaf values"),
           NumberParam("gamma", 0, 0, 1e6, "least loss reduction of a split")},
          FitBoosting};
}

}  // namespace quern::ml
