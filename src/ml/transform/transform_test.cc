#include "ml/transform/transform.h"

#include <doctest/doctest.h>

#include "base/nan.h"
#include "ml/test_data.h"

namespace quern::ml {
namespace {

using namespace testing;

std::vector<double> ColumnOf(const json::value& rows, size_t c) {
  std::vector<double> out;
  for (const json::value& row : rows.as_array()) out.push_back(Number(row.at(c)));
  return out;
}

Matrix ToMatrix(const json::value& rows, size_t cols) {
  Matrix matrix{rows.as_array().size(), cols, {}};
  for (const json::value& row : rows.as_array())
    for (size_t c = 0; c < cols; ++c) matrix.values.push_back(Number(row.at(c)));
  return matrix;
}

std::vector<double> Apply(const Feature& feature, const Column& column, size_t c = 0) {
  Matrix matrix{column.size(), feature.width(), {}};
  matrix.values.resize(matrix.rows * matrix.cols);
  FillFeature(feature, column, 0, matrix);
  std::vector<double> out;
  for (size_t r = 0; r < matrix.rows; ++r) out.push_back(matrix.at(r, c));
  return out;
}

Column Texts(std::vector<std::string> values) { return {"kind", true, {}, std::move(values)}; }

TEST_CASE("imputing and scaling agree with scikit-learn") {
  const json::value fixture = Fixture("ml_transform.json");
  const std::vector<std::pair<std::string, NumericImpute>> imputers{
      {"median", NumericImpute::kMedian},
      {"mean", NumericImpute::kMean},
      {"most_frequent", NumericImpute::kMostFrequent}};
  const std::vector<std::pair<std::string, Scale>> scalers{
      {"standard", Scale::kStandard}, {"min_max", Scale::kMinMax}, {"robust", Scale::kRobust}};
  for (const auto& [impute_name, impute] : imputers)
    for (const auto& [scale_name, scale] : scalers)
      for (size_t c = 0; c < 4; ++c) {
        CAPTURE(impute_name + "+" + scale_name);
        CAPTURE(c);
        const Column column{"x", false, ColumnOf(fixture.at("holes"), c), {}};
        NumericPrep prep;
        prep.impute = impute;
        prep.scale = scale;
        const auto feature = FitNumeric(column, prep);
        REQUIRE(feature.has_value());
        const json::value& expected = fixture.at("scaled").at(impute_name + "+" + scale_name);
        CHECK(Distance(Apply(**feature, column), ColumnOf(expected, c)) <= 1e-12);
      }
}

TEST_CASE("clipping bounds are quantiles of the training rows") {
  const json::value fixture = Fixture("ml_transform.json");
  const Column column{"x", false, ColumnOf(fixture.at("x"), 1), {}};
  NumericPrep prep;
  prep.clip = Clip::kQuantile;
  prep.clip_low = 0.05;
  prep.clip_high = 0.9;
  prep.scale = Scale::kNone;
  const Feature by_quantile = **FitNumeric(column, prep);
  CHECK(Distance({by_quantile.clip_low, by_quantile.clip_high},
                 Numbers(fixture.at("clip_quantile"))) <= 1e-12);
  CHECK(Apply(by_quantile, {"x", false, {1e9, -1e9}, {}}) ==
        std::vector<double>{by_quantile.clip_high, by_quantile.clip_low});
  prep.clip = Clip::kIqr;
  prep.clip_high = 1.5;
  const Feature by_iqr = **FitNumeric(column, prep);
  CHECK(Distance({by_iqr.clip_low, by_iqr.clip_high}, Numbers(fixture.at("clip_iqr"))) <= 1e-12);
  prep.clip_high = -1;
  CHECK(!FitNumeric(column, prep).has_value());
}

TEST_CASE("the indicator stands where training rows had missing values") {
  NumericPrep prep;
  prep.indicator = true;
  prep.scale = Scale::kNone;
  const Feature with = **FitNumeric({"x", false, {1, kNan, 3}, {}}, prep);
  CHECK(FeatureNames(with) == std::vector<std::string>{"x", "x__missing"});
  CHECK(Apply(with, {"x", false, {kNan, 5}, {}}, 0) == std::vector<double>{2, 5});
  CHECK(Apply(with, {"x", false, {kNan, 5}, {}}, 1) == std::vector<double>{1, 0});
  CHECK((**FitNumeric({"x", false, {1, 2}, {}}, prep)).width() == 1);
  CHECK(!FitNumeric({"x", false, {kNan, kNan}, {}}, prep)->has_value());
}

TEST_CASE("categories: order, ties, missing and unknown ones") {
  CategoricalPrep prep;
  Feature feature = **FitCategorical(Texts({"b", "a", "", "b", "a"}), prep);
  CHECK(feature.text_categories == std::vector<std::string>{"a", "b"});
  CHECK(*feature.impute_text == "a");
  CHECK(FeatureNames(feature) == std::vector<std::string>{"kind=a", "kind=b"});
  CHECK(Apply(feature, Texts({"", "b", "c"}), 0) == std::vector<double>{1, 0, 0});
  CHECK(Apply(feature, Texts({"", "b", "c"}), 1) == std::vector<double>{0, 1, 0});
  prep.unknown = Unknown::kImpute;
  prep.encode = Encode::kOrdinal;
  feature = **FitCategorical(Texts({"b", "a", "", "b"}), prep);
  CHECK(Apply(feature, Texts({"", "a", "c"})) == std::vector<double>{1, 0, 1});
  prep.unknown = Unknown::kIgnore;
  prep.impute = CategoricalImpute::kNone;
  feature = **FitCategorical(Texts({"b", "a"}), prep);
  CHECK(Apply(feature, Texts({"", "b", "c"})) == std::vector<double>{-1, 1, -1});
  prep.unknown = Unknown::kImpute;
  CHECK(!FitCategorical(Texts({"b", "a"}), prep).has_value());
  prep = {};
  prep.impute = CategoricalImpute::kConstant;
  prep.impute_value = "none";
  feature = **FitCategorical(Texts({"b", ""}), prep);
  CHECK(feature.text_categories == std::vector<std::string>{"b", "none"});
  const Feature numbers = **FitCategorical({"cp", false, {4, 1, kNan, 4, -0.0}, {}}, {});
  CHECK(FeatureNames(numbers) == std::vector<std::string>{"cp=0", "cp=1", "cp=4"});
  CHECK(Apply(numbers, {"cp", false, {kNan, 1}, {}}, 2) == std::vector<double>{1, 0});
  CHECK(!FitCategorical({"cp", false, {4, 1}, {}}, prep).has_value());
}

TEST_CASE("selection scores agree with scikit-learn") {
  const json::value fixture = Fixture("ml_transform.json");
  const Matrix matrix = ToMatrix(fixture.at("x"), 3);
  Target classes;
  classes.task = Task::kMulticlass;
  classes.classes = {"0", "1", "2"};
  classes.index = Indices(fixture.at("y"));
  const Target value = Numeric(Numbers(fixture.at("value")));
  const std::vector<bool> discrete{false, false, true};
  CHECK(Distance(AnovaF(matrix, classes), Numbers(fixture.at("f_classif"))) <= 1e-8);
  CHECK(Distance(AnovaF(matrix, value), Numbers(fixture.at("f_regression"))) <= 1e-8);
  // scikit-learn squares and roots distances, so that the k-th neighbour itself is now and then
  // counted as nearer than the k-th neighbour.
  CHECK(Distance(MutualInformation(matrix, discrete, classes),
                 Numbers(fixture.at("mutual_info_classif"))) <= 0.005);
  CHECK(Distance(MutualInformation(matrix, discrete, value),
                 Numbers(fixture.at("mutual_info_regression"))) <= 1e-9);
}

TEST_CASE("a one-hot group stays or goes whole, ties go to the earlier column") {
  Frame frame{{{"same", false, {1, 2, 3, 4}, {}},
               {"again", false, {1, 2, 3, 4}, {}},
               {"kind", true, {}, {"a", "b", "c", "c"}},
               {"flat", false, {5, 5, 5, 5}, {}}}};
  Target target;
  target.classes = {"no", "yes"};
  target.index = {0, 0, 1, 1};
  PrepSpec prep;
  prep.inputs = {{"same", false, false},
                 {"again", false, false},
                 {"kind", true, true},
                 {"flat", false, false}};
  prep.select.method = SelectMethod::kMutualInformation;
  prep.select.keep = 2;
  const auto prepared = Prepare(prep, frame, target);
  REQUIRE(prepared.has_value());
  CHECK(prepared->pipeline.feature_names ==
        std::vector<std::string>{"same", "kind=a", "kind=b", "kind=c"});
  CHECK(prepared->pipeline.inputs.size() == 2);
  prep.select = {SelectMethod::kVariance, 0, 0};
  CHECK(Prepare(prep, frame, target)->pipeline.features.size() == 3);
  prep.select.threshold = 100;
  CHECK(!Prepare(prep, frame, target).has_value());
}

}  // namespace
}  // namespace quern::ml
