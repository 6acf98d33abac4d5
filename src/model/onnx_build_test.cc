// The C++ scorer and the ONNX graph against each other, and the graph against values by hand.
#include "model/onnx_build.h"

#include <doctest/doctest.h>

#include <cmath>

#include "base/text.h"
#include "expr/expr.h"
#include "ml/fit.h"
#include "model/scorer.h"
#include "tests/model/random_pipeline.h"

namespace quern::model {
namespace {

using testing::ModelKind;

bool Near(double a, double b, double tolerance) {
  if (std::isnan(a) || std::isnan(b)) return std::isnan(a) && std::isnan(b);
  if (a == b) return true;
  return std::abs(a - b) <= tolerance * std::max(1.0, std::abs(b));
}

size_t Differences(const std::vector<double>& a, const std::vector<double>& b) {
  if (a.size() != b.size()) return a.size() + b.size();
  size_t different = 0;
  for (size_t i = 0; i < a.size(); ++i) different += !Near(a[i], b[i], 1e-6);
  return different;
}

std::unique_ptr<Scorer> MustLoad(const ml::FittedPipeline& pipeline) {
  auto scorer = Scorer::FromPipeline(pipeline);
  REQUIRE_MESSAGE(scorer.has_value(), scorer.error().ToString());
  return std::move(*scorer);
}

/// y = P(positive) by a logistic model over one number.
ml::FittedPipeline Small() {
  ml::FittedPipeline pipeline;
  pipeline.classes = {"no", "yes"};
  pipeline.inputs = {{"x", false}};
  ml::Feature feature;
  feature.column = "x";
  feature.impute_number = 1;
  feature.clip_high = 4;
  feature.offset = 2;
  feature.scale = 0.5;
  pipeline.features = {feature};
  pipeline.feature_names = {"x"};
  pipeline.model = ml::LinearModel{1, {1.5}, {-1}, ml::Link::kLogistic};
  pipeline.threshold = 0.25;
  return pipeline;
}

TEST_CASE("A logistic model over one imputed, clipped and scaled number, by hand") {
  const auto scorer = MustLoad(Small());
  const Frame frame{{{"x", false, {2.0, std::nan(""), 100.0}, {}}}};
  const auto scores = scorer->Score(frame);
  REQUIRE(scores.has_value());
  // Margins: -1; (1-2)/0.5*1.5-1 = -4; (4-2)/0.5*1.5-1 = 5.
  const double margins[] = {-1, -4, 5};
  for (size_t i = 0; i < 3; ++i) {
    CHECK(scores->probabilities[2 * i + 1] == doctest::Approx(1 / (1 + std::exp(-margins[i]))));
  }
  CHECK(scores->labels == std::vector<uint32_t>{1, 0, 1});  // 0.269 passes the threshold of 0.25
}

TEST_CASE("Every model over random preparation: C++ scorer and ONNX Runtime agree") {
  const Rng root(20261124);
  for (const ml::Task task : testing::kTasks) {
    for (const ModelKind kind : testing::kModelKinds) {
      for (uint64_t repeat = 0; repeat < 12; ++repeat) {
        CAPTURE(TaskName(task));
        CAPTURE(static_cast<int>(kind));
        CAPTURE(repeat);
        Rng rng = root.Fork(repeat * 100 + static_cast<uint64_t>(task) * 10 +
                            static_cast<uint64_t>(kind));
        const ml::FittedPipeline pipeline = testing::RandomPipeline(task, kind, rng);
        const Frame rows = testing::RandomRows(200, rng);
        const auto expected = ml::Score(pipeline, rows);
        REQUIRE_MESSAGE(expected.has_value(), expected.error().ToString());
        const auto scores = MustLoad(pipeline)->Score(rows);
        REQUIRE_MESSAGE(scores.has_value(), scores.error().ToString());
        CHECK(Differences(scores->probabilities, expected->probabilities) == 0);
        CHECK(Differences(scores->predictions, expected->predictions) == 0);
        CHECK(scores->labels == expected->labels);
      }
    }
  }
}

TEST_CASE("One row and many give the same scores") {
  Rng rng(7);
  for (const ModelKind kind : testing::kModelKinds) {
    const auto scorer = MustLoad(testing::RandomPipeline(ml::Task::kMulticlass, kind, rng));
    const Frame rows = testing::RandomRows(50, rng);
    const auto all = scorer->Score(rows);
    REQUIRE(all.has_value());
    for (uint32_t row = 0; row < 50; ++row) {
      const auto one = scorer->Score(rows.Take({&row, 1}));
      REQUIRE(one.has_value());
      CHECK(one->labels[0] == all->labels[row]);
      for (size_t k = 0; k < all->classes; ++k) {
        CHECK(Near(one->probabilities[k], all->probabilities[row * all->classes + k], 1e-9));
      }
    }
  }
}

TEST_CASE("The same pipeline gives the same bytes") {
  Rng a(3);
  Rng b(3);
  const auto one = BuildOnnx(testing::RandomPipeline(ml::Task::kBinary, ModelKind::kForest, a));
  const auto two = BuildOnnx(testing::RandomPipeline(ml::Task::kBinary, ModelKind::kForest, b));
  REQUIRE(one.has_value());
  CHECK(*one == *two);
}

TEST_CASE("Derived columns mean in ONNX what they mean in expr") {
  const Rng root(11);
  size_t compared = 0;
  size_t different = 0;
  for (uint64_t i = 0; i < 400; ++i) {
    Rng rng = root.Fork(i);
    const std::string text = testing::RandomExpression(rng);
    CAPTURE(text);
    const Frame rows = testing::RandomRows(40, rng);
    const auto parsed = expr::Parse(text, {});
    REQUIRE_MESSAGE(parsed.has_value(), parsed.error().ToString());
    const auto expected = expr::Evaluate(*parsed, rows, "y");
    if (!expected) continue;  // an expression that is always NULL
    const auto scores = MustLoad(testing::ExpressionPipeline(text))->Score(rows);
    REQUIRE_MESSAGE(scores.has_value(), scores.error().ToString());
    for (size_t row = 0; row < rows.rows(); ++row) {
      const double want = std::isnan(expected->numbers[row]) ? -12345 : expected->numbers[row];
      ++compared;
      if (!Near(scores->predictions[row], want, 1e-9)) {
        ++different;
        MESSAGE(text << " row " << row << ": " << scores->predictions[row] << " not " << want);
      }
    }
  }
  CHECK(different == 0);
  CHECK(compared > 10000);
}

TEST_CASE("What ONNX cannot say is an error at its position") {
  ml::FittedPipeline pipeline = Small();
  pipeline.inputs.push_back({"site", true});
  pipeline.derived = {{"y", "x + CASE WHEN site < 'b' THEN 1 END"}};
  const auto built = BuildOnnx(pipeline);
  REQUIRE(!built.has_value());
  CHECK(built.error().code == Code::kInvalidArgument);
  CHECK(built.error().where.column == 20);
  CHECK(built.error().message.find("the order of texts") != std::string::npos);
}

TEST_CASE("Pipelines that are not consistent are refused") {
  ml::FittedPipeline pipeline = Small();
  SUBCASE("a column named like an output") { pipeline.inputs[0].name = "label"; }
  SUBCASE("a feature without a column") { pipeline.features[0].column = "z"; }
  SUBCASE("weights of another width") { pipeline.model = ml::LinearModel{1, {1, 2}, {0}, {}}; }
  SUBCASE("three classes of a binary task") { pipeline.classes.push_back("maybe"); }
  SUBCASE("a tree that points nowhere") {
    ml::TreeEnsemble trees;
    trees.leaves = {1};
    trees.trees = {{{0, 1.0F, false, 1, 2, -1}, {-1, 0, false, -1, -1, 0}}};
    pipeline.model = trees;
  }
  SUBCASE("no input") { pipeline.inputs.clear(); }
  const auto built = BuildOnnx(pipeline);
  REQUIRE(!built.has_value());
  CHECK(built.error().code == Code::kInvalidArgument);
}

}  // namespace
}  // namespace quern::model
