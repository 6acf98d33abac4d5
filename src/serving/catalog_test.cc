#include "serving/catalog.h"

#include <doctest/doctest.h>

#include "serving/fake_model.h"
#include "serving/frame_builder.h"
#include "serving/metrics.h"

namespace quern::serving {
namespace {

ServedModel Fake(std::string name, std::string version) {
  return {std::move(name), std::move(version), std::make_shared<FakeModel>(BinarySignature()),
          1000};
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
  CHECK(catalog.Default().value()->name == "heart");
  CHECK(catalog.Find("heart").value()->version == "10");
  REQUIRE(catalog.SetAlias("heart", "champion", "9"));
  CHECK(catalog.Find("heart").value()->version == "9");
  CHECK(catalog.Find("heart", "champion").value()->version == "9");
  CHECK(catalog.Find("heart", "10").value()->version == "10");
  CHECK(catalog.Find("heart", "11").error().message == "Model heart with version 11 not found");
  CHECK(catalog.Find("lung").error().message == "Model lung not found");
  CHECK_FALSE(catalog.SetAlias("heart", "champion", "11").has_value());
  auto held = catalog.Find("heart", "9").value();
  REQUIRE(catalog.Remove("heart", "9"));
  CHECK(held->model->signature().inputs.size() == 3);
  CHECK(catalog.Find("heart", "champion").error().code == Code::kNotFound);
  REQUIRE(catalog.Remove("heart", "10"));
  CHECK(catalog.Default().value()->name == "a");
}

TEST_CASE("names that could leave their place in a path are refused") {
  Catalog catalog;
  for (std::string name : {"", "..", ".", "a/b", " a", "a ", "a\n", "a?b", "%2e"}) {
    CHECK_FALSE(catalog.Add(Fake(name, "1")).has_value());
  }
  CHECK_FALSE(catalog.Add(Fake(std::string(129, 'a'), "1")).has_value());
  CHECK_FALSE(catalog.Add(Fake("a", "1/2")).has_value());
}

TEST_CASE("cells become a frame by the same rules for every front") {
  Signature signature = BinarySignature();
  FrameBuilder builder(signature, 2);
  CHECK(builder.Find("sex") == 2);
  CHECK_FALSE(builder.Find("zip").has_value());
  CHECK(builder.Claim(0));
  CHECK_FALSE(builder.Claim(0));
  CHECK(builder.Unclaimed() == std::vector<std::string>{"flag", "sex"});
  CHECK(builder.SetNumber(0, 0, 1.5).has_value());
  CHECK(builder.SetCsv(0, 1, " NA "));
  CHECK(builder.SetCsv(1, 0, "True"));
  CHECK(builder.SetCsv(1, 1, "1e2"));
  CHECK(builder.SetText(2, 0, " yes "));
  CHECK(builder.SetCsv(2, 1, "NA"));
  CHECK(builder.SetText(0, 1, "abc").error().message ==
        "input 'x', row 1: expected a number, got the text 'abc'");
  CHECK(builder.SetNumber(2, 1, 3).error().message ==
        "input 'sex', row 1: expected text, got the number 3");
  CHECK_FALSE(builder.SetCsv(0, 1, "12a").has_value());
  CHECK_FALSE(builder.SetCsv(0, 1, "inf").has_value());
  Frame frame = builder.Take();
  CHECK(frame.columns[0].numbers[0] == 1.5);
  CHECK(frame.columns[0].Missing(1));
  CHECK(frame.columns[1].numbers == std::vector<double>{1, 100});
  CHECK(frame.columns[2].texts == std::vector<std::string>{"yes", "NA"});
}

TEST_CASE("a long value is cut in messages at a whole character") {
  CHECK(Quoted("short") == "'short'");
  std::string text = Quoted(std::string(59, 'a') + "é" + std::string(50, 'b'));
  CHECK(text == "'" + std::string(59, 'a') + "…'");
}

TEST_CASE("metrics render as Prometheus text") {
  ManualClock clock(5000);
  Metrics metrics(clock);
  ServedModel served = Fake("he\"art", "1");
  Frame rows{{{"x", false, {1, std::nan("")}, {}},
              {"flag", false, {0, 0}, {}},
              {"sex", true, {}, {"yes", ""}}}};
  metrics.Request("he\"art", "1", 200, 0.003);
  metrics.Scored(served, rows, served.model->Score(rows).value());
  metrics.Feedback(1, 2, 3, 4);
  std::string text = metrics.Render({std::make_shared<const ServedModel>(served)}, {});
  auto has = [&](const char* line) { return text.find(line) != std::string::npos; };
  CHECK(has("# TYPE quern_requests_total counter\n"));
  CHECK(has("quern_requests_total{model=\"he\\\"art\",version=\"1\",code=\"200\"} 1\n"));
  CHECK(has("quern_request_seconds_bucket{model=\"he\\\"art\",version=\"1\",le=\"0.0025\"} 0\n"));
  CHECK(has("quern_request_seconds_bucket{model=\"he\\\"art\",version=\"1\",le=\"0.005\"} 1\n"));
  CHECK(has("quern_request_seconds_bucket{model=\"he\\\"art\",version=\"1\",le=\"+Inf\"} 1\n"));
  CHECK(has("quern_feature_missing_ratio{model=\"he\\\"art\",version=\"1\",feature=\"x\"} 0.5\n"));
  CHECK(has("quern_predictions_total{model=\"he\\\"art\",version=\"1\",class=\"1\"} 2\n"));
  CHECK(has("quern_prediction_score_count{model=\"he\\\"art\",version=\"1\"} 2\n"));
  CHECK(has("quern_model_age_seconds{model=\"he\\\"art\",version=\"1\"} 4\n"));
  CHECK(has("quern_feedback_total{outcome=\"unknown\"} 4\n"));
}

}  // namespace
}  // namespace quern::serving
