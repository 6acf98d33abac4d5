#include <doctest/doctest.h>

#include <boost/json.hpp>
#include <cmath>

#include "base/random.h"
#include "training/evaluate.h"
#include "training/folds.h"
#include "training/train.h"

namespace quern::training {
namespace {

/// Two numeric columns of which the first tells the class, with noise; a third that tells nothing.
Dataset MakeDataset(size_t rows) {
  Rng rng(11);
  Dataset dataset;
  Column signal{"signal", false, {}, {}}, weak{"weak", false, {}, {}},
      noise{"noise", false, {}, {}};
  Column label{"label", false, {}, {}};
  for (size_t i = 0; i < rows; ++i) {
    const double y = i % 2 == 0 ? 1 : 0;
    signal.numbers.push_back(y + rng.Normal() * 0.8);
    weak.numbers.push_back(y * 0.3 + rng.Normal());
    noise.numbers.push_back(rng.Normal());
    label.numbers.push_back(y);
  }
  dataset.rows.columns = {signal, weak, noise};
  dataset.target = *MakeTarget(label, "", "");
  return dataset;
}

ml::PrepSpec MakePrep() {
  ml::PrepSpec prep;
  for (const char* name : {"signal", "weak", "noise"}) prep.inputs.push_back({name, false, false});
  return prep;
}

TrainingSpec MakeSpec() {
  TrainingSpec spec;
  spec.seed = 3;
  spec.repeats = 2;
  ModelSpec dummy, logistic;
  dummy.name = dummy.learner.kind = "dummy";
  logistic.name = logistic.learner.kind = "logistic";
  logistic.tune["C"] = *ml::ParseRange("log(0.01..10)");
  spec.models = {dummy, logistic};
  spec.tune.trials = 6;
  return spec;
}

}  // namespace

TEST_CASE("targets find their task and positive class") {
  const Column yes{"t", true, {}, {"yes", "no", "yes"}};
  CHECK(MakeTarget(yes, "", "")->classes.back() == "yes");
  CHECK(MakeTarget(yes, "", "no")->classes.back() == "no");
  CHECK(MakeTarget(yes, "", "maybe").error().hint == "the classes are no and yes");
  CHECK(MakeTarget({"t", false, {1, 2, 3}, {}}, "", "")->task == ml::Task::kMulticlass);
  CHECK(MakeTarget({"t", false, {1.5, 2, 3}, {}}, "", "")->task == ml::Task::kRegression);
  CHECK(MakeTarget({"t", false, {0, 1, 1}, {}}, "", "1.0")->index[0] == 0);
  CHECK(MakeTarget({"t", false, {1, 1}, {}}, "", "").error().message.find("one class only") !=
        std::string::npos);
  CHECK_FALSE(MakeTarget({"t", false, {1, std::nan("")}, {}}, "", ""));
  CHECK_FALSE(MakeTarget({"t", false, {1, 2, 3}, {}}, "binary", ""));
}

TEST_CASE(
    "training does not depend on threads, selects the better model and keeps the hold-out apart") {
  const Dataset dataset = MakeDataset(120);
  const auto one = Train(MakeSpec(), MakePrep(), dataset, {1, nullptr, nullptr});
  const auto four = Train(MakeSpec(), MakePrep(), dataset, {4, nullptr, nullptr});
  REQUIRE(one);
  REQUIRE(four);
  CHECK(WriteJson(TrainRecord(MakeSpec(), dataset, *one)) ==
        WriteJson(TrainRecord(MakeSpec(), dataset, *four)));
  CHECK(one->models[one->selected].name == "logistic");
  CHECK(one->models[one->baseline].name == "dummy");
  CHECK(one->trials.size() == 7);
  CHECK(one->holdout.test.size() == 24);
  std::vector<bool> held(120, false);
  for (uint32_t row : one->holdout.test) held[row] = true;
  for (uint32_t row : one->holdout.train) CHECK_FALSE(held[row]);
}

TEST_CASE("evaluation finds the column that matters and judges the hypothesis") {
  const Dataset dataset = MakeDataset(200);
  const TrainingSpec spec = MakeSpec();
  const auto trained = Train(spec, MakePrep(), dataset, {2, nullptr, nullptr});
  REQUIRE(trained);
  const Frame rows = dataset.rows.Take(trained->holdout.test);
  const ml::Target target = dataset.target.Take(trained->holdout.test);
  EvaluationSpec evaluation;
  evaluation.resamples = 200;
  const auto result = Evaluate(
      evaluation, "roc_auc", rows, target,
      [&](const Frame& frame) { return ml::Score(trained->fitted, frame); }, {1, nullptr, nullptr});
  REQUIRE(result);
  CHECK(result->importance.front().column == "signal");
  const auto& auc = result->metrics.at("roc_auc");
  CHECK(auc.low < auc.value);
  CHECK(auc.value < auc.high + 1e-12);
  design::Hypothesis hypothesis{"", "logistic", "dummy", 0.1, "roc_auc", {}};
  CHECK(JudgeHypothesis(hypothesis, *trained, spec)->verdict == "supported");
  hypothesis.margin = 0.9;
  CHECK(JudgeHypothesis(hypothesis, *trained, spec)->verdict == "refuted");
  hypothesis.challenger = "knn";
  CHECK_FALSE(JudgeHypothesis(hypothesis, *trained, spec));
}

TEST_CASE("thresholds keep the recall they promise") {
  TrainingSpec spec;
  spec.threshold_rule = ThresholdRule::kRecall;
  spec.threshold_recall = 0.75;
  const std::vector<double> scores{0.9, 0.8, 0.7, 0.6, 0.4, 0.2};
  const std::vector<uint32_t> labels{1, 0, 1, 1, 1, 0};
  CHECK(ChooseThreshold(spec, scores, labels) == doctest::Approx(0.5));
  spec.threshold_rule = ThresholdRule::kMaxF1;
  CHECK(ChooseThreshold(spec, scores, labels) == doctest::Approx(0.3));
  spec.threshold_rule = ThresholdRule::kFixed;
  CHECK(ChooseThreshold(spec, scores, labels) == 0.5);
}

}  // namespace quern::training
