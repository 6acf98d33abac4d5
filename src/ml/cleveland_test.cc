// On the same folds of the same rows, our learners answer what scikit-learn's answer.
#include <doctest/doctest.h>

#include <numeric>

#include "ml/metrics.h"
#include "ml/test_data.h"

namespace quern::ml {
namespace {

using namespace testing;

struct FoldResults {
  std::vector<double> auc;
  std::vector<std::vector<double>> positive;
  double mean() const {
    return std::accumulate(auc.begin(), auc.end(), 0.0) / static_cast<double>(auc.size());
  }
};

std::vector<double> Positive(const Scores& scores) {
  std::vector<double> out;
  for (size_t i = 1; i < scores.probabilities.size(); i += 2)
    out.push_back(scores.probabilities[i]);
  return out;
}

FoldResults CrossValidate(const LearnerSpec& learner, const json::value& folds) {
  const Frame rows = Cleveland();
  const Target target = Disease(rows);
  FoldResults results;
  for (const json::value& fold : folds.as_array()) {
    const std::vector<uint32_t> test = Indices(fold);
    const std::vector<uint32_t> train = Others(rows.rows(), test);
    auto fitted = Fit(HeartPrep(), learner, rows.Take(train), target.Take(train),
                      {.seed = 1, .class_weights = {}});
    REQUIRE_MESSAGE(fitted.has_value(), (fitted ? "" : fitted.error().ToString()));
    const auto scores = Score(*fitted, rows.Take(test));
    REQUIRE(scores.has_value());
    results.auc.push_back(*Metric("roc_auc", target.Take(test), *scores));
    results.positive.push_back(Positive(*scores));
  }
  return results;
}

struct TrainTest {
  Frame train, test;
  Target train_target, test_target;
};

TrainTest FirstFold(const Target& target, const json::value& fixture) {
  const Frame rows = Cleveland();
  const std::vector<uint32_t> test = Indices(fixture.at("folds").at(0));
  const std::vector<uint32_t> train = Others(rows.rows(), test);
  return {rows.Take(train), rows.Take(test), target.Take(train), target.Take(test)};
}

std::vector<double> Predict(const char* kind, Params params, const json::value& fixture) {
  const Target pressure = Numeric(Cleveland().Find("trestbps")->numbers);
  const TrainTest split = FirstFold(pressure, fixture);
  auto fitted =
      Fit(HeartPrep("trestbps"), {kind, std::move(params)}, split.train, split.train_target, {});
  REQUIRE_MESSAGE(fitted.has_value(), (fitted ? "" : fitted.error().ToString()));
  return Score(*fitted, split.test)->predictions;
}

TEST_CASE("logistic, knn and tree agree with scikit-learn on ten folds") {
  const json::value fixture = Fixture("ml_cleveland.json");
  const json::value& learners = fixture.at("learners");
  const auto compare = [&](const std::string& name, const LearnerSpec& spec, double limit) {
    CAPTURE(name);
    const FoldResults ours = CrossValidate(spec, fixture.at("folds"));
    const json::value& expected = learners.at(name);
    CHECK(Distance(ours.auc, Numbers(expected.at("auc"))) <= limit);
    for (size_t f = 0; f < ours.positive.size(); ++f)
      CHECK(Distance(ours.positive[f], Numbers(expected.at("probabilities").at(f))) <= limit);
  };
  compare("logistic", {"logistic", {}}, 1e-6);
  compare("knn", {"knn", {}}, 1e-15);
  compare("knn_distance", {"knn", {{"n_neighbors", 7.0}, {"weights", std::string("distance")}}},
          1e-9);
  const FoldResults tree = CrossValidate({"decision_tree", {}}, fixture.at("folds"));
  const std::vector<double> expected = Numbers(learners.at("decision_tree").at("auc"));
  CHECK(std::abs(tree.mean() - std::accumulate(expected.begin(), expected.end(), 0.0) / 10) <=
        0.01);
}

TEST_CASE("mean ROC AUC of every learner with its defaults") {
  const json::value fixture = Fixture("ml_cleveland.json");
  double best = 0;
  for (const std::string& kind : LearnerKinds()) {
    if (kind == "linear") continue;
    const double mean = CrossValidate({kind, {}}, fixture.at("folds")).mean();
    MESSAGE(kind << " " << mean);
    if (kind == "dummy") {
      CHECK(mean == 0.5);
    } else {
      CHECK(mean > 0.8);
    }
    if (kind == "random_forest") {
      const std::vector<double> expected =
          Numbers(fixture.at("learners").at("random_forest").at("auc"));
      CHECK(std::abs(mean - std::accumulate(expected.begin(), expected.end(), 0.0) / 10) < 0.01);
    }
    best = std::max(best, mean);
  }
  CHECK(best >= 0.9);
}

TEST_CASE("softmax regression and class weights agree with scikit-learn") {
  const json::value fixture = Fixture("ml_cleveland.json");
  const Frame rows = Cleveland();
  Target stages;
  stages.task = Task::kMulticlass;
  stages.classes = {"0", "1", "2", "3", "4"};
  for (const double stage : rows.Find("target")->numbers)
    stages.index.push_back(static_cast<uint32_t>(stage));
  const TrainTest split = FirstFold(stages, fixture);
  const auto fitted =
      Fit(HeartPrep(), {"logistic", {{"C", 0.3}}}, split.train, split.train_target, {});
  REQUIRE(fitted.has_value());
  const auto scores = Score(*fitted, split.test);
  std::vector<double> expected;
  for (const json::value& row : fixture.at("multiclass_logistic").as_array())
    for (const double p : Numbers(row)) expected.push_back(p);
  CHECK(Distance(scores->probabilities, expected) <= 1e-6);

  const TrainTest two = FirstFold(Disease(rows), fixture);
  const auto weighted = Fit(HeartPrep(), {"logistic", {}}, two.train, two.train_target,
                            {.seed = 0, .class_weights = {1, 2.5}});
  CHECK(Distance(Positive(*Score(*weighted, two.test)), Numbers(fixture.at("weighted_logistic"))) <=
        1e-6);
}

TEST_CASE("regression agrees with scikit-learn") {
  const json::value fixture = Fixture("ml_cleveland.json");
  CHECK(Distance(Predict("linear", {{"alpha", 2.0}}, fixture), Numbers(fixture.at("ridge"))) <=
        1e-6);
  CHECK(Distance(Predict("linear", {{"alpha", 0.0}}, fixture),
                 Numbers(fixture.at("least_squares"))) <= 1e-6);
  CHECK(
      Distance(Predict("decision_tree", {{"max_depth", 3.0}, {"min_samples_leaf", 10.0}}, fixture),
               Numbers(fixture.at("regression_tree"))) <= 1e-4);
  CHECK(Distance(Predict("knn", {}, fixture), Numbers(fixture.at("knn_regression"))) <= 1e-9);
}

}  // namespace
}  // namespace quern::ml
