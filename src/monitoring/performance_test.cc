#include "monitoring/performance.h"

#include <doctest/doctest.h>

#include <cmath>

namespace quern::monitoring {
namespace {

double ValueOf(const std::vector<MetricInterval>& metrics, std::string_view name) {
  for (const MetricInterval& metric : metrics) {
    if (metric.name == name) return metric.interval.value;
  }
  return std::nan("");
}

TEST_CASE("labels join by id: the last one wins, unknown ids are counted") {
  const std::vector<std::string> predictions = {"p1", "p2", "p3", "p4"};
  const std::vector<std::string> labels = {"p3", "p1", "zz", "p3"};
  const LabelJoin join = JoinLabels(predictions, labels);
  CHECK(join.rows == 4);
  CHECK(join.joined == 2);
  CHECK(join.unknown == 1);
  CHECK(join.duplicates == 1);
  CHECK(join.coverage == doctest::Approx(0.5));
  CHECK(join.prediction_rows == std::vector<uint32_t>{0, 2});
  CHECK(join.label_rows == std::vector<uint32_t>{1, 3});
  CHECK(JoinLabels({}, labels).coverage == 0);
  CHECK(JoinLabels(predictions, {}).joined == 0);
}

TEST_CASE("expected metrics agree with NannyML's example") {
  const std::vector<double> p = {.9, .8, .7, .6, .55, .4, .35, .3, .2, .1};
  const auto metrics = ExpectedBinaryMetrics(p, {}, Rng(1));
  REQUIRE(metrics.has_value());
  CHECK(ValueOf(*metrics, "accuracy") == doctest::Approx(.72));
  CHECK(ValueOf(*metrics, "precision") == doctest::Approx(.71));
  CHECK(ValueOf(*metrics, "recall") == doctest::Approx(.7244897959));
  CHECK(ValueOf(*metrics, "roc_auc") == doctest::Approx(.7861144458).epsilon(1e-6));
  for (const MetricInterval& metric : *metrics) {
    INFO(metric.name);
    CHECK(metric.interval.low <= metric.interval.value);
    CHECK(metric.interval.value <= metric.interval.high);
  }
  CHECK(ExpectedBinaryMetrics({}, {}, Rng(1))->empty());
  CHECK_FALSE(ExpectedBinaryMetrics(std::vector<double>{1.2}, {}, Rng(1)).has_value());
}

TEST_CASE("realised accuracy of calibrated scores falls into the expected limits") {
  Rng rng(8);
  std::vector<double> p(400);
  for (double& v : p) v = rng.Uniform();
  const auto metrics = ExpectedBinaryMetrics(p, {}, Rng(2));
  const stats::Interval accuracy = metrics->front().interval;
  int inside = 0;
  for (int trial = 0; trial < 200; ++trial) {
    double hits = 0;
    for (double v : p) hits += (rng.Uniform() < v) == (v >= 0.5);
    const double realised = hits / 400;
    inside += realised >= accuracy.low && realised <= accuracy.high;
  }
  CHECK(inside > 180);
  CHECK(inside < 200);
}

TEST_CASE("several classes: expected accuracy is the mean of the greatest probabilities") {
  const std::vector<double> p = {.7, .2, .1, .1, .5, .4};
  const auto metrics = ExpectedMulticlassMetrics(p, 3, {}, Rng(1));
  REQUIRE(metrics.has_value());
  CHECK(ValueOf(*metrics, "accuracy") == doctest::Approx(.6));
  CHECK_FALSE(ExpectedMulticlassMetrics(p, 4, {}, Rng(1)).has_value());
}

TEST_CASE("realised metrics: intervals, undefined ones, and errors that name the metric") {
  const std::vector<double> hit = {1, 1, 0, 1, 1, 1, 0, 1, 1, 1, 1, 0, 1, 1, 1, 1};
  const MetricOfRows metric = [&](std::string_view name,
                                  std::span<const uint32_t> rows) -> Result<double> {
    if (name == "undefined") return std::nan("");
    if (name != "accuracy") return Fail(Code::kInvalidArgument, "unknown metric");
    double sum = 0;
    for (uint32_t row : rows) sum += hit[row];
    return sum / static_cast<double>(rows.size());
  };
  const std::vector<std::string> names = {"accuracy", "undefined"};
  const auto metrics = RealisedMetrics(names, hit.size(), metric, Rng(1));
  REQUIRE(metrics.has_value());
  CHECK((*metrics)[0].interval.value == doctest::Approx(13.0 / 16));
  CHECK((*metrics)[0].interval.low < 13.0 / 16);
  CHECK(std::isnan((*metrics)[1].interval.value));
  const std::vector<std::string> wrong = {"auc"};
  CHECK_FALSE(RealisedMetrics(wrong, hit.size(), metric, Rng(1)).has_value());
  CHECK(std::isnan(RealisedMetrics(names, 0, metric, Rng(1))->front().interval.value));
}

}  // namespace
}  // namespace quern::monitoring
