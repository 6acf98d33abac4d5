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
  spec.metric = "roc_auc";
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
  CHECK(MakeTarget({"t", false, {4, 4}, {}}, "regression", "").error().message ==
        "target 't' has one value only: '4' in every row");
}

TEST_CASE("labels are read in the classes of the model") {
  ml::FittedPipeline model;
  model.task = ml::Task::kMulticlass;
  model.classes = {"a", "b"};
  const auto known = LabelsFor({"t", true, {}, {"b", "", "c", "a", "c"}}, model);
  REQUIRE(known);
  CHECK(known->rows == std::vector<uint32_t>{0, 3});
  CHECK(known->target.index == std::vector<uint32_t>{1, 0});
  CHECK(known->unknown == std::map<std::string, size_t>{{"c", 2}});
  model.classes = {"2.5", "10"};
  CHECK(LabelsFor({"t", false, {10, 2.5}, {}}, model)->target.index == std::vector<uint32_t>{1, 0});
  model.task = ml::Task::kRegression;
  CHECK(LabelsFor({"t", false, {10, std::nan("")}, {}}, model)->target.values ==
        std::vector<double>{10});
  CHECK(LabelsFor({"t", true, {}, {"ten"}}, model).error().message ==
        "label 't' is text, but the model predicts a number");
}

TEST_CASE("what a spec leaves open follows the task, and what does not fit it is an error") {
  CHECK(ForTask({}, ml::Task::kBinary).metric == "roc_auc");
  CHECK(ForTask({}, ml::Task::kMulticlass).metric == "log_loss");
  const TrainingSpec number = ForTask({}, ml::Task::kRegression);
  CHECK(number.metric == "rmse");
  CHECK(number.models[1].name == "linear");
  CHECK(CheckTask(number, ml::Task::kRegression));
  CHECK(CheckTask(number, ml::Task::kBinary).error().message ==
        "metric 'rmse' does not fit: the target has two classes");

  TrainingSpec spec = ForTask({}, ml::Task::kBinary);
  spec.models[1].where = {"quern.yaml", 8, 5};
  spec.metric = "mae";
  CHECK(CheckTask(spec, ml::Task::kRegression)
            .error()
            .ToString()
            .find("quern.yaml:8:5: logistic does not do regression") != std::string::npos);
  TrainingSpec cut = ForTask({}, ml::Task::kMulticlass);
  cut.threshold_where = {"quern.yaml", 9, 3};
  CHECK(CheckTask(cut, ml::Task::kMulticlass).error().where.line == 9);
  TrainingSpec weighted = number;
  weighted.balanced_classes = true;
  CHECK_FALSE(CheckTask(weighted, ml::Task::kRegression));
}

TEST_CASE("a record measures the splits: no group on both sides, no test before its training") {
  const auto parts_of = [](const Dataset& dataset, size_t repeats) {
    TrainingSpec spec = MakeSpec();
    spec.models.pop_back();
    spec.repeats = repeats;
    const auto trained = Train(spec, MakePrep(), dataset, {1, nullptr, nullptr});
    REQUIRE(trained);
    const json::value split = TrainRecord(spec, dataset, *trained).at("split");
    CHECK(split.at("parts").as_array().size() == 1 + spec.folds * repeats);
    return split;
  };
  Dataset dataset = MakeDataset(120);
  CHECK(parts_of(dataset, 2).at("by") == "class");
  dataset.groups = Column{"patient", false, {}, {}};
  for (int row = 0; row < 120; ++row) dataset.groups->numbers.push_back(row % 17);
  const json::value grouped = parts_of(dataset, 2);
  CHECK(grouped.at("column") == "patient");
  for (const json::value& part : grouped.at("parts").as_array()) {
    CHECK(part.at("shared_groups") == 0);
    CHECK(part.at("test_rows").to_number<int>() > 0);
  }
  dataset.groups.reset();
  dataset.times = Column{"day", false, {}, {}};
  for (int row = 0; row < 120; ++row) dataset.times->numbers.push_back((row * 37) % 120);
  const json::value timed = parts_of(dataset, 1);
  CHECK(timed.at("by") == "time");
  for (const json::value& part : timed.at("parts").as_array()) {
    CHECK(part.at("train_until").to_number<double>() < part.at("test_from").to_number<double>());
  }
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
