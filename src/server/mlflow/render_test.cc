#include "server/mlflow/render.h"

#include <doctest/doctest.h>

#include <limits>
#include <span>
#include <vector>

#include "base/nan.h"
#include "server/mlflow/json_out.h"
#include "server/mlflow/render_points.h"

namespace quern::server::mlflow {
namespace {

constexpr double kInf = std::numeric_limits<double>::infinity();

TEST_CASE("numbers") {
  struct Row {
    double value;
    std::string_view text;
  };
  for (const Row& row :
       {Row{1, "1"}, Row{0.1, "0.1"}, Row{-2.5, "-2.5"}, Row{1e300, "1e+300"}, Row{kNan, "\"NaN\""},
        Row{kInf, "\"Infinity\""}, Row{-kInf, "\"-Infinity\""}}) {
    std::string out;
    AppendDouble(&out, row.value);
    CHECK(out == row.text);
  }
}

TEST_CASE("points of one metric") {
  const std::vector<tracking::Point> points = {
      {3, 2, 0.5}, {-1, 0, kNan}, {std::numeric_limits<int64_t>::min(), 5, -kInf}};
  std::string out = "[";
  AppendPoints(&out, "a\"b", "", points);
  CHECK(out == R"([{"key":"a\"b","value":0.5,"timestamp":3,"step":2},)"
               R"({"key":"a\"b","value":"NaN","timestamp":-1,"step":0},)"
               R"({"key":"a\"b","value":"-Infinity","timestamp":-9223372036854775808,"step":5})");
  out = "[";
  AppendPoints(&out, "m", "r", std::span(points).first(1));
  AppendPoints(&out, "m", "s", {});
  AppendPoints(&out, "m", "s", std::span(points).first(1));
  CHECK(out == R"([{"key":"m","value":0.5,"timestamp":3,"step":2,"run_id":"r"},)"
               R"({"key":"m","value":0.5,"timestamp":3,"step":2,"run_id":"s"})");
  out = "[";
  AppendBulkPoints(&out, "m", "r", std::span(points).first(2));
  CHECK(out == R"([{"key":"m","run_id":"r","step":2,"timestamp":3,"value":0.5},)"
               R"({"key":"m","run_id":"r","step":0,"timestamp":-1,"value":NaN})");
  // As many as a whole step, and one more.
  const std::vector<tracking::Point> many(513, {1, 1, -2.2250738585072014e-308});
  out = "[";
  AppendPoints(&out, "m", "", many);
  CHECK(out.size() == 513 * 67 + 513);
  CHECK(out.ends_with(R"(,{"key":"m","value":-2.2250738585072014e-308,"timestamp":1,"step":1})"));
}

TEST_CASE("an experiment") {
  std::string out;
  AppendExperiment(&out, {7, "a\"b", "s3://x/7", true, 1, 2, {{"k", "v\n"}}});
  CHECK(out == R"({"experiment_id":"7","name":"a\"b","artifact_location":"s3://x/7",)"
               R"("lifecycle_stage":"deleted","last_update_time":2,"creation_time":1,)"
               R"("tags":[{"key":"k","value":"v\u000a"}]})");
}

tracking::Run SomeRun() {
  tracking::Run run;
  run.info.id = "r1";
  run.info.experiment_id = 3;
  run.info.name = "n";
  run.info.user_id = "";
  run.info.status = "RUNNING";
  run.info.start_ms = 5;
  run.info.artifact_uri = "u";
  run.params = {{"a", "1"}, {"b", ""}};
  run.metrics = {{"acc", kNan, 1, 2, 1, kNan, kNan}, {"loss", 0.5, 0, 9, 1, 0.5, 0.5}};
  run.tags = {{"t", "v"}};
  run.dataset_inputs = {{{"d", "x", "local", "s", "{}", std::nullopt}, {{"ctx", "train"}}}};
  run.model_inputs = {{"m-1", 0}};
  run.model_outputs = {{"m-2", 4}};
  return run;
}

constexpr std::string_view kInfo =
    R"({"run_uuid":"r1","experiment_id":"3","run_name":"n","user_id":"","status":"RUNNING",)"
    R"("start_time":5,"artifact_uri":"u","lifecycle_stage":"active","run_id":"r1"})";

TEST_CASE("a run with all that it has") {
  std::string out;
  AppendRun(&out, SomeRun());
  CHECK(out == R"({"info":)" + std::string(kInfo) +
                   R"(,"data":{"metrics":[{"key":"acc","value":"NaN","timestamp":2,"step":1},)"
                   R"({"key":"loss","value":0.5,"timestamp":9,"step":0}],)"
                   R"("params":[{"key":"a","value":"1"},{"key":"b","value":""}],)"
                   R"("tags":[{"key":"t","value":"v"}]},)"
                   R"("inputs":{"dataset_inputs":[{"tags":[{"key":"ctx","value":"train"}],)"
                   R"("dataset":{"name":"d","digest":"x","source_type":"local","source":"s",)"
                   R"("schema":"{}"}}],"model_inputs":[{"model_id":"m-1"}]},)"
                   R"("outputs":{"model_outputs":[{"model_id":"m-2","step":4}]}})");
}

TEST_CASE("a run with some of it") {
  RunView view;
  view.fields = {true, true, false};
  view.params = {"b", "none"};
  view.metrics = {"loss"};
  view.inputs = view.outputs = false;
  std::string out;
  AppendRun(&out, SomeRun(), view);
  CHECK(out == R"({"info":)" + std::string(kInfo) +
                   R"(,"data":{"metrics":[{"key":"loss","value":0.5,"timestamp":9,"step":0}],)"
                   R"("params":[{"key":"b","value":""}]}})");
  tracking::Run empty = SomeRun();
  empty.params.clear();
  empty.metrics.clear();
  empty.tags.clear();
  empty.info.end_ms = 8;
  out.clear();
  view.fields = {};
  AppendRun(&out, empty, view);
  CHECK(out.ends_with(R"("data":{}})"));
  CHECK(out.find(R"("start_time":5,"end_time":8,)") != std::string::npos);
}

TEST_CASE("a logged model") {
  tracking::LoggedModel model;
  model.id = "m-1";
  model.experiment_id = 2;
  model.name = "n";
  model.artifact_uri = "u";
  model.status = "LOGGED_MODEL_READY";
  model.created_ms = 1;
  model.updated_ms = 2;
  model.params = {{"p", "1"}};
  model.metrics = {{{"auc", kInf, 3, 4, "m-1", "d", "x"}, "r"}};
  std::string out;
  AppendLoggedModel(&out, model);
  CHECK(out == R"({"info":{"model_id":"m-1","experiment_id":"2","name":"n",)"
               R"("creation_timestamp_ms":1,"last_updated_timestamp_ms":2,"artifact_uri":"u",)"
               R"("status":"LOGGED_MODEL_READY"},"data":{"params":[{"key":"p","value":"1"}],)"
               R"("metrics":[{"key":"auc","value":"Infinity","timestamp":4,"step":3,)"
               R"("model_id":"m-1","dataset_name":"d","dataset_digest":"x","run_id":"r"}]}})");
}

TEST_CASE("names from users are escaped") {
  std::string out;
  {
    ObjectOut object(&out);
    object.AnyName("a\"b")->append("1");
    object.TextIfSet("empty", "");
    object.Flag("yes", true);
  }
  CHECK(out == R"({"a\"b":1,"yes":true})");
}

}  // namespace
}  // namespace quern::server::mlflow
