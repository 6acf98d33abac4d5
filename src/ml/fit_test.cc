#include "ml/fit.h"

#include <doctest/doctest.h>

#include "base/nan.h"
#include "base/random.h"
#include "ml/metrics.h"
#include "ml/split.h"
#include "ml/test_data.h"

namespace quern::ml {
namespace {

using namespace testing;

PrepSpec Plain(std::initializer_list<const char*> names) {
  PrepSpec prep;
  for (const char* name : names) prep.inputs.push_back({name, false, false});
  return prep;
}

Target Labels(std::vector<uint32_t> index) {
  Target target;
  target.classes = {"no", "yes"};
  target.index = std::move(index);
  return target;
}

TEST_CASE("selection inside of the folds does not leak: noise scores one half") {
  const Rng rng(11);
  constexpr size_t kRows = 120, kColumns = 400;
  Frame frame;
  PrepSpec prep;
  for (size_t c = 0; c < kColumns; ++c) {
    Rng column = rng.Fork(c);
    frame.columns.push_back({"x" + std::to_string(c), false, {}, {}});
    for (size_t r = 0; r < kRows; ++r) frame.columns.back().numbers.push_back(column.Normal());
    prep.inputs.push_back({frame.columns.back().name, false, false});
  }
  Target target = Labels({});
  for (uint32_t r = 0; r < kRows; ++r) target.index.push_back(r % 2);
  prep.select = {SelectMethod::kAnovaF, 10, 0};
  SplitSpec spec;
  spec.repeats = 4;
  double honest = 0;
  const auto splits = Folds(spec, target, rng);
  REQUIRE(splits.has_value());
  for (const Split& split : *splits) {
    const auto fitted =
        Fit(prep, {"logistic", {}}, frame.Take(split.train), target.Take(split.train), {});
    const auto scores = Score(*fitted, frame.Take(split.test));
    honest +=
        *Metric("roc_auc", target.Take(split.test), *scores) / static_cast<double>(splits->size());
  }
  CHECK(std::abs(honest - 0.5) < 0.08);
  // What a selection on all rows would pretend on the very same data.
  const auto leaky = Fit(prep, {"logistic", {}}, frame, target, {});
  CHECK(*Metric("roc_auc", target, *Score(*leaky, frame)) > 0.8);
}

TEST_CASE("derived columns are computed from raw ones, and only what is read is an input") {
  Frame frame{{{"a", false, {1, 2, 3, 4, 5, 6}, {}},
               {"b", false, {2, 1, 2, 1, 2, 1}, {}},
               {"unused", false, {0, 0, 0, 0, 0, 1}, {}},
               {"hidden", false, {9, 8, 7, 6, 5, 4}, {}}}};
  PrepSpec prep = Plain({"a", "unused"});
  prep.derived = {{"sum", "a + b"}, {"twice", "sum * 2 - hidden"}};
  prep.numeric.scale = Scale::kNone;
  const Target target = Labels({0, 1, 0, 1, 0, 1});
  const auto fitted = Fit(prep, {"decision_tree", {}}, frame, target, {});
  REQUIRE_MESSAGE(fitted.has_value(), (fitted ? "" : fitted.error().ToString()));
  CHECK(fitted->feature_names == std::vector<std::string>{"a", "unused", "sum", "twice"});
  std::vector<std::string> inputs;
  for (const InputColumn& input : fitted->inputs) inputs.push_back(input.name);
  CHECK(inputs == std::vector<std::string>{"a", "unused", "b", "hidden"});
  const auto matrix = Transform(*fitted, frame);
  CHECK(matrix->at(0, 2) == 3);
  CHECK(matrix->at(0, 3) == -3);
  prep.derived = {{"bad", "a + nothing"}};
  const auto bad = Fit(prep, {"decision_tree", {}}, frame, target, {});
  REQUIRE(!bad.has_value());
  CHECK(bad.error().ToString().find("nothing") != std::string::npos);
}

TEST_CASE("columns all missing are dropped with a warning") {
  Frame frame{{{"a", false, {1, 2, 3, 4}, {}}, {"ca", false, {kNan, kNan, kNan, kNan}, {}}}};
  const Target target = Labels({0, 1, 0, 1});
  const auto fitted = Fit(Plain({"a", "ca"}), {"logistic", {}}, frame, target, {});
  REQUIRE(fitted.has_value());
  CHECK(fitted->feature_names == std::vector<std::string>{"a"});
  CHECK(fitted->warnings ==
        std::vector<std::string>{"column ca is all missing in these rows: dropped"});
  CHECK(!Fit(Plain({"ca"}), {"logistic", {}}, frame, target, {}).has_value());
}

TEST_CASE("what cannot be fitted is an error that says why") {
  Frame frame{{{"a", false, {1, 2, 3, kNan}, {}}, {"t", true, {}, {"x", "y", "x", "y"}}}};
  const Target target = Labels({0, 1, 0, 1});
  const auto message = [&](const PrepSpec& prep, const LearnerSpec& learner, const Target& labels,
                           const FitOptions& options = {}) {
    const auto fitted = Fit(prep, learner, frame, labels, options);
    REQUIRE(!fitted.has_value());
    CHECK(fitted.error().code == Code::kInvalidArgument);
    return fitted.error().ToString();
  };
  const auto has = [](const std::string& text, const char* part) {
    return text.find(part) != std::string::npos;
  };
  CHECK(has(message(Plain({"a"}), {"logistik", {}}, target), "logistic"));
  CHECK(has(message(Plain({"a"}), {"logistic", {{"c", 1.0}}}, target), "'c'"));
  CHECK(has(message(Plain({"a"}), {"logistic", {{"C", -1.0}}}, target), "-1"));
  CHECK(
      has(message(Plain({"a"}), {"knn", {{"weights", std::string("near")}}}, target), "distance"));
  CHECK(has(message(Plain({"a"}), {"knn", {{"n_neighbors", 1.5}}}, target), "integer"));
  CHECK(has(message(Plain({"a"}), {"knn", {{"n_neighbors", 9.0}}}, target), "4 training rows"));
  CHECK(has(message(Plain({"a"}), {"linear", {}}, target), "classification"));
  CHECK(has(message(Plain({"a"}), {"logistic", {}}, Labels({1, 1, 1, 1})), "'yes'"));
  CHECK(has(message(Plain({"b"}), {"logistic", {}}, target), "'b'"));
  CHECK(has(message(Plain({"t"}), {"logistic", {}}, target), "holds text"));
  PrepSpec text = Plain({"t"});
  text.inputs[0].is_text = true;
  CHECK(has(message(text, {"logistic", {}}, target), "category"));
  CHECK(has(message(Plain({"a"}), {"logistic", {}}, target, {.seed = 0, .class_weights = {1, 0}}),
            "weight"));
  PrepSpec holes = Plain({"a"});
  holes.numeric.impute = NumericImpute::kNone;
  CHECK(has(message(holes, {"logistic", {}}, target), "imputed"));
  CHECK(Fit(holes, {"decision_tree", {{"min_samples_leaf", 1.0}}}, frame, target, {}).has_value());
  PrepSpec misspelt = Plain({"a"});
  misspelt.numeric_of["aa"] = {};
  CHECK(has(message(misspelt, {"logistic", {}}, target), "'aa'"));
}

TEST_CASE("every learner is deterministic in its seed and cancels") {
  const Frame frame = Cleveland();
  const Target target = Disease(frame);
  CancelToken cancelled;
  cancelled.Cancel();
  for (const std::string& kind : LearnerKinds()) {
    if (kind == "linear") continue;
    CAPTURE(kind);
    const auto score = [&](uint64_t seed) {
      const auto fitted =
          Fit(HeartPrep(), {kind, {}}, frame, target, {.seed = seed, .class_weights = {}});
      REQUIRE(fitted.has_value());
      return Score(*fitted, frame)->probabilities;
    };
    CHECK(score(7) == score(7));
    if (kind == "random_forest" || kind == "gradient_boosting") {
      CHECK(score(7) != score(8));
      const auto stopped = Fit(HeartPrep(), {kind, {}}, frame, target,
                               {.seed = 1, .class_weights = {}, .cancel = &cancelled});
      REQUIRE(!stopped.has_value());
      CHECK(stopped.error().code == Code::kCancelled);
    }
  }
}

TEST_CASE("a class absent from the training rows gets no probability") {
  Frame frame{{{"a", false, {1, 2, 3, 4, 5, 6, 7, 8}, {}}}};
  Target target = Labels({0, 0, 2, 0, 2, 0, 2, 2});
  target.task = Task::kMulticlass;
  target.classes = {"low", "middle", "high"};
  for (const char* kind : {"logistic", "decision_tree", "random_forest", "knn", "dummy"}) {
    CAPTURE(std::string(kind));
    const auto fitted = Fit(Plain({"a"}), {kind, {}}, frame, target, {});
    REQUIRE(fitted.has_value());
    const Scores scores = *Score(*fitted, frame);
    for (size_t r = 0; r < 8; ++r) CHECK(scores.probabilities[r * 3 + 1] == 0);
    CHECK(scores.probabilities[0] + scores.probabilities[2] == doctest::Approx(1));
  }
}

TEST_CASE("missing values find their way through a tree") {
  Frame frame{{{"a", false, {1, 2, 3, 4, 5, kNan, kNan, kNan}, {}}}};
  PrepSpec prep = Plain({"a"});
  prep.numeric.impute = NumericImpute::kNone;
  prep.numeric.scale = Scale::kNone;
  const Target target = Labels({0, 0, 0, 1, 1, 1, 1, 1});
  const auto fitted = Fit(prep, {"decision_tree", {{"min_samples_leaf", 1.0}}}, frame, target, {});
  REQUIRE(fitted.has_value());
  CHECK(Score(*fitted, frame)->labels == target.index);
}

}  // namespace
}  // namespace quern::ml
