#include "ml/metrics.h"

#include <doctest/doctest.h>

#include "ml/test_data.h"

namespace quern::ml {
namespace {

using namespace testing;

struct Case {
  Target target;
  Scores scores;
  std::vector<double> weights;
};

Case ReadCase(const json::value& value) {
  Case read;
  if (!value.at("weights").is_null()) read.weights = Numbers(value.at("weights"));
  if (value.as_object().contains("predictions")) {
    read.target = Numeric(Numbers(value.at("y")));
    read.scores.predictions = Numbers(value.at("predictions"));
    return read;
  }
  read.target.index = Indices(value.at("y"));
  read.scores.labels = Indices(value.at("labels"));
  for (const json::value& row : value.at("p").as_array())
    for (const double p : Numbers(row)) read.scores.probabilities.push_back(p);
  read.scores.classes = value.at("p").at(0).as_array().size();
  for (size_t k = 0; k < read.scores.classes; ++k) read.target.classes.push_back(std::to_string(k));
  read.target.task = read.scores.classes == 2 ? Task::kBinary : Task::kMulticlass;
  return read;
}

template <class Point, class X, class Y>
void CheckCurve(const std::vector<Point>& points, const json::value& expected, X x, Y y) {
  std::vector<double> xs, ys;
  for (const Point& p : points) {
    xs.push_back(x(p));
    ys.push_back(y(p));
  }
  CHECK(Distance(xs, Numbers(expected.at(0))) <= 1e-12);
  CHECK(Distance(ys, Numbers(expected.at(1))) <= 1e-12);
}

TEST_CASE("metrics and curves agree with scikit-learn") {
  const json::value fixture = Fixture("ml_metrics.json");
  for (const json::value& value : fixture.at("cases").as_array()) {
    const std::string name(value.at("name").as_string());
    CAPTURE(name);
    const Case c = ReadCase(value);
    for (const auto& [metric, expected] : value.at("metrics").as_object()) {
      CAPTURE(std::string(metric));
      const auto ours = Metric(metric, c.target, c.scores, {}, c.weights);
      REQUIRE(ours.has_value());
      const double want = Number(expected);
      // MAPE divides by zero's stand-in: compare it relatively.
      CHECK(Distance({*ours / std::max(1.0, std::abs(want))},
                     {want / std::max(1.0, std::abs(want))}) <= 1e-12);
    }
    const json::object& parts = value.as_object();
    if (parts.contains("roc"))
      CheckCurve(
          Roc(c.target, c.scores), value.at("roc"), [](const RocPoint& p) { return p.fpr; },
          [](const RocPoint& p) { return p.tpr; });
    if (parts.contains("pr"))
      CheckCurve(
          PrecisionRecall(c.target, c.scores), value.at("pr"),
          [](const PrPoint& p) { return p.recall; }, [](const PrPoint& p) { return p.precision; });
    for (const auto kind : {Bins::kUniform, Bins::kQuantile})
      if (parts.contains("uniform"))
        CheckCurve(
            CalibrationBins(c.target, c.scores, 5, kind),
            value.at(kind == Bins::kUniform ? "uniform" : "quantile"),
            [](const CalibrationBin& b) { return b.score; },
            [](const CalibrationBin& b) { return b.rate; });
  }
}

TEST_CASE("chosen rows count as often as they are chosen") {
  Case c;
  c.target.classes = {"no", "yes"};
  c.target.index = {0, 1, 1};
  c.scores = {2, {0.9, 0.1, 0.6, 0.4, 0.2, 0.8}, {0, 0, 1}, {}};
  const std::vector<uint32_t> rows{1, 1, 2, 0};
  CHECK(*Metric("accuracy", c.target, c.scores, rows) == 0.5);
  CHECK(*Metric("recall", c.target, c.scores, rows) == doctest::Approx(1.0 / 3));
  CHECK(Confusion(c.target, c.scores, rows) == std::vector<std::vector<size_t>>{{1, 0}, {2, 1}});
  const std::vector<double> thresholds{0.3, 0.5};
  const auto table = ThresholdTable(c.target, c.scores, thresholds);
  CHECK(table[0].f1 == 1);
  CHECK(table[1].recall == 0.5);
}

TEST_CASE("a wrong metric is an error with a suggestion") {
  Case c;
  c.target.classes = {"no", "yes"};
  c.target.index = {0, 1};
  c.scores = {2, {1, 0, 0, 1}, {0, 1}, {}};
  const auto unknown = Metric("roc_acu", c.target, c.scores);
  REQUIRE(!unknown.has_value());
  CHECK(unknown.error().hint.find("roc_auc") != std::string::npos);
  CHECK(!Metric("rmse", c.target, c.scores).has_value());
  c.scores.labels = {0};
  CHECK(!Metric("accuracy", c.target, c.scores).has_value());
  CHECK(FindMetric("brier") != nullptr);
  CHECK(!FindMetric("brier")->higher_is_better);
}

}  // namespace
}  // namespace quern::ml
