#include "serving/catalog.h"

#include <doctest/doctest.h>

#include "serving/fake_engine.h"
#include "serving/inference.h"
#include "serving/input_binding.h"
#include "serving/metrics.h"

namespace quern::serving {
namespace {

ServedModel Fake(std::string name, std::string version) {
  return FakeServed(std::move(name), std::move(version), BinarySignature(), 1000);
}

TEST_CASE("versions, aliases and the default") {
  Catalog catalog;
  CHECK(catalog.Default().error().code == Code::kNotFound);
  REQUIRE(catalog.Add(Fake("heart", "9")));
  REQUIRE(catalog.Add(Fake("heart", "10")));
  REQUIRE(catalog.Add(Fake("a", "1")));
  CHECK(catalog.Names() == std::vector<std::string>{"a", "heart"});
  CHECK(catalog.Versions("heart") == std::vector<std::string>{"9", "10"});
  CHECK(catalog.Versions("x").empty());
  CHECK(catalog.Default().value()->name() == "heart");
  CHECK(catalog.Find("heart").value()->version() == "10");
  REQUIRE(catalog.SetAlias("heart", "champion", "9"));
  CHECK(catalog.Find("heart").value()->version() == "9");
  CHECK(catalog.Find("heart", "champion").value()->version() == "9");
  CHECK(catalog.Find("heart", "10").value()->version() == "10");
  CHECK(catalog.Find("heart", "11").error().message == "Model heart with version 11 not found");
  CHECK(catalog.Find("lung").error().message == "Model lung not found");
  CHECK_FALSE(catalog.SetAlias("heart", "champion", "11").has_value());
  auto held = catalog.Find("heart", "9").value();
  REQUIRE(catalog.Remove("heart", "9"));
  CHECK(held->columns().size() == 3);
  CHECK(catalog.Find("heart", "champion").error().code == Code::kNotFound);
  REQUIRE(catalog.Remove("heart", "10"));
  CHECK(catalog.Default().value()->name() == "a");
}

TEST_CASE("names that could leave their place in a path are refused") {
  Catalog catalog;
  for (std::string name : {"", "..", ".", "a/b", " a", "a ", "a\n", "a?b", "%2e"}) {
    CHECK_FALSE(catalog.Add(Fake(name, "1")).has_value());
  }
  CHECK_FALSE(catalog.Add(Fake(std::string(129, 'a'), "1")).has_value());
  CHECK_FALSE(catalog.Add(Fake("a", "1/2")).has_value());
}

TEST_CASE("a long value is cut in messages at a whole character") {
  CHECK(Quoted("short") == "'short'");
  std::string text = Quoted(std::string(59, 'a') + "é" + std::string(50, 'b'));
  CHECK(text == "'" + std::string(59, 'a') + "…'");
}

TEST_CASE("metrics render as Prometheus text") {
  ManualClock clock(5000);
  Metrics metrics(clock);
  Catalog catalog;
  ServedModel named = Fake("heart", "1");
  REQUIRE(catalog.Add(std::move(named)));
  InferenceService service(catalog, clock, nullptr);
  ServedModelPtr served = catalog.Find("heart").value();
  const double x[] = {1, std::nan("")};
  const int8_t flag[] = {0, 0};
  const std::string_view sex[] = {"yes", ""};
  const int64_t shape[] = {2};
  const NamedTensor inputs[] = {{"x", {DataType::kFp64, shape, x}},
                                {"flag", {DataType::kInt8, shape, flag}},
                                {"sex", {DataType::kBytes, shape, sex}}};
  Arena arena;
  InferenceCall call;
  call.inputs = inputs;
  REQUIRE(service.Infer(served, call, arena).has_value());
  served->metrics().Request(200, 0.003);
  metrics.Unserved(404, 0.001);
  metrics.Feedback(1, 2, 3, 4);
  std::string text = metrics.Render(catalog.All(), {});
  auto has = [&](const char* line) { return text.find(line) != std::string::npos; };
  CHECK(has("# TYPE quern_requests_total counter\n"));
  CHECK(has("quern_requests_total{model=\"heart\",version=\"1\",code=\"200\"} 1\n"));
  CHECK(has("quern_request_seconds_bucket{model=\"heart\",version=\"1\",le=\"0.0025\"} 0\n"));
  CHECK(has("quern_request_seconds_bucket{model=\"heart\",version=\"1\",le=\"0.005\"} 1\n"));
  CHECK(has("quern_request_seconds_bucket{model=\"heart\",version=\"1\",le=\"+Inf\"} 1\n"));
  CHECK(has("quern_feature_missing_ratio{model=\"heart\",version=\"1\",feature=\"x\"} 0.5\n"));
  CHECK(has("quern_predictions_total{model=\"heart\",version=\"1\",class=\"1\"} 2\n"));
  CHECK(has("quern_prediction_score_count{model=\"heart\",version=\"1\"} 2\n"));
  CHECK(has("quern_model_age_seconds{model=\"heart\",version=\"1\"} 4\n"));
  CHECK(has("quern_requests_total{model=\"\",version=\"\",code=\"404\"} 1\n"));
  CHECK(has("quern_feedback_total{outcome=\"unknown\"} 4\n"));
}

}  // namespace
}  // namespace quern::serving
