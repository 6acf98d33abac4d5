#include "model/package.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <thread>

#include "base/text.h"
#include "ml/fit.h"
#include "model/ort_engine.h"
#include "model/scorer.h"
#include "tests/model/random_pipeline.h"

namespace quern::model {
namespace {

struct Made {
  ml::FittedPipeline pipeline;
  Frame rows;
  PackageSpec spec;
};

/// `made` must outlive its spec, which borrows the pipeline.
void Make(Made& made, ml::Task task = ml::Task::kBinary) {
  Rng rng(5);
  made.pipeline = testing::RandomPipeline(task, testing::ModelKind::kBoosted, rng);
  made.rows = testing::RandomRows(30, rng);
  made.spec.pipeline = &made.pipeline;
  const uint32_t some[] = {0, 1};
  made.spec.example = made.rows.Take(some);
  made.spec.metrics_json = R"({"roc_auc":{"value":0.9,"low":0.85,"high":0.95}})";
  made.spec.reference_json = R"({"rows":303})";
  made.spec.lineage_json = R"({"run_id":"abc"})";
  made.spec.created_ms = 1795539600000;
}

TEST_CASE("A package is written, read back and scores as its pipeline does") {
  Made made;
  Make(made);
  TempDir temp;
  const std::string dir = temp.File("m");
  const auto written = WritePackage(made.spec, dir, RealFs());
  REQUIRE_MESSAGE(written.has_value(), written.error().ToString());
  const auto info = ReadPackage(dir, RealFs());
  REQUIRE(info.has_value());
  CHECK(info->digest == written->digest);
  CHECK(info->model_uuid == info->digest.substr(0, 32));
  CHECK(info->metrics_json == made.spec.metrics_json);
  CHECK(info->reference_json == made.spec.reference_json);
  CHECK(info->pipeline_json == "null");
  CHECK(info->lineage_json == made.spec.lineage_json);
  CHECK(info->signature.classes == made.pipeline.classes);
  CHECK(info->signature.inputs.size() == made.pipeline.inputs.size());
  CHECK(info->created.starts_with("2026-11-24T"));
  const auto scorer = Scorer::Load(dir);
  REQUIRE(scorer.has_value());
  const auto scores = (*scorer)->Score(made.rows);
  const auto expected = ml::Score(made.pipeline, made.rows);
  REQUIRE(scores.has_value());
  CHECK(scores->labels == expected->labels);
}

TEST_CASE("Ids and times are outside of the digest, everything else inside") {
  Made made;
  Make(made);
  TempDir temp;
  const auto one = WritePackage(made.spec, temp.File("one"), RealFs());
  made.spec.created_ms += 5000;
  made.spec.lineage_json = R"({"run_id":"def"})";
  const auto two = WritePackage(made.spec, temp.File("two"), RealFs());
  made.spec.metrics_json = "{}";
  const auto three = WritePackage(made.spec, temp.File("three"), RealFs());
  REQUIRE((one && two && three));
  CHECK(one->digest == two->digest);
  CHECK(one->digest != three->digest);
}

TEST_CASE("A package keeps background rows, under its digest, or says that it keeps none") {
  Made made;
  Make(made);
  TempDir temp;
  const auto without = WritePackage(made.spec, temp.File("without"), RealFs());
  made.spec.background = made.rows;
  const auto with = WritePackage(made.spec, temp.File("with"), RealFs());
  REQUIRE((without && with));
  CHECK(without->digest != with->digest);
  CHECK(without->leaves_out_background);
  CHECK_FALSE(without->background.has_value());
  CHECK_FALSE(with->leaves_out_background);
  REQUIRE(with->background.has_value());
  CHECK(with->background->rows() == made.rows.rows());
  CHECK(with->bytes > without->bytes);
  CHECK(with->background->columns.size() == with->signature.inputs.size());
  for (const Column& column : with->background->columns) {
    const Column* given = made.rows.Find(column.name);
    CHECK(column.texts == given->texts);
    for (size_t row = 0; row < column.numbers.size(); ++row) {
      const double number = given->numbers[row];
      // As the input example: what is no finite number is missing.
      CHECK(((column.numbers[row] == number) ||
             (std::isnan(column.numbers[row]) && !std::isfinite(number))));
    }
  }
  const std::string file = JoinPath(temp.File("with"), "background.json");
  const std::string text = RealFs().Read(file).value();
  REQUIRE(RealFs().WriteAtomic(file, text + " "));
  const auto changed = ReadPackage(temp.File("with"), RealFs());
  REQUIRE_FALSE(changed.has_value());
  CHECK(changed.error().code == Code::kDataLoss);
  CHECK(changed.error().message.find("background.json is not what quern.json says") !=
        std::string::npos);
  REQUIRE(RealFs().RemoveAll(file));
  const auto lost = ReadPackage(temp.File("with"), RealFs());
  REQUIRE_FALSE(lost.has_value());
  CHECK(lost.error().message.find("background.json is missing") != std::string::npos);
}

TEST_CASE("A package that was harmed is data loss, and says what is wrong") {
  Made made;
  Make(made);
  TempDir temp;
  const std::string dir = temp.File("m");
  REQUIRE(WritePackage(made.spec, dir, RealFs()).has_value());
  std::string says;
  SUBCASE("a changed file") {
    REQUIRE(RealFs().WriteAtomic(JoinPath(dir, "quern.json"), "{}").has_value());
    says = "digest";
  }
  SUBCASE("a missing file") {
    REQUIRE(RealFs().RemoveAll(JoinPath(dir, "conda.yaml")).has_value());
    says = "conda.yaml is missing";
  }
  SUBCASE("a foreign MLmodel") {
    REQUIRE(RealFs().WriteAtomic(JoinPath(dir, "MLmodel"), "flavors: {}\n").has_value());
    says = "quern.digest";
  }
  SUBCASE("lineage that is no JSON") {
    REQUIRE(RealFs().WriteAtomic(JoinPath(dir, "lineage.json"), "{").has_value());
    says = "lineage.json";
  }
  const auto info = ReadPackage(dir, RealFs());
  REQUIRE(!info.has_value());
  CHECK(info.error().code == Code::kDataLoss);
  CHECK_MESSAGE(info.error().message.find(says) != std::string::npos, info.error().message);
}

TEST_CASE("A folder without a package, a folder in the way and bad JSON") {
  Made made;
  Make(made);
  TempDir temp;
  CHECK(ReadPackage(temp.path(), RealFs()).error().code == Code::kNotFound);
  CHECK(WritePackage(made.spec, temp.path(), RealFs()).error().code == Code::kAlreadyExists);
  made.spec.metrics_json = "{";
  CHECK(WritePackage(made.spec, temp.File("x"), RealFs()).error().code == Code::kInvalidArgument);
  made.spec.metrics_json.clear();
  made.spec.example.columns.pop_back();
  CHECK(WritePackage(made.spec, temp.File("x"), RealFs()).error().code == Code::kInvalidArgument);
}

TEST_CASE("A disk that fails at any call leaves a whole package or none") {
  Made made;
  Make(made);
  for (int fail_at = 1;; ++fail_at) {
    REQUIRE(fail_at < 100);
    TempDir temp;
    const std::string dir = temp.File("m");
    FaultyFs fs(RealFs(), fail_at);
    const auto written = WritePackage(made.spec, dir, fs);
    CHECK(written.has_value() == RealFs().Exists(dir));
    if (RealFs().Exists(dir)) CHECK(ReadPackage(dir, RealFs()).has_value());
    if (written) break;
    CHECK(WritePackage(made.spec, dir, RealFs()).has_value());  // and again, once there is room
  }
}

TEST_CASE("Columns in any order, numbers as text, text as numbers, absent ones named") {
  Made made;
  Make(made);
  const auto scorer = Scorer::FromPipeline(made.pipeline);
  REQUIRE(scorer.has_value());
  const auto expected = (*scorer)->Score(made.rows);
  Frame frame = made.rows;
  std::reverse(frame.columns.begin(), frame.columns.end());
  frame.columns.push_back({"further", true, {}, std::vector<std::string>(30, "x")});
  Column& age = *std::find_if(frame.columns.begin(), frame.columns.end(),
                              [](const Column& column) { return column.name == "age"; });
  age.is_text = true;
  for (double number : age.numbers) {
    age.texts.push_back(std::isnan(number) ? "" : " " + ShortestDouble(number));
  }
  const auto scores = (*scorer)->Score(frame);
  REQUIRE_MESSAGE(scores.has_value(), scores.error().ToString());
  CHECK(scores->probabilities == expected->probabilities);

  age.texts[3] = "old";
  const auto bad = (*scorer)->Score(frame);
  REQUIRE(!bad.has_value());
  CHECK(bad.error().code == Code::kInvalidArgument);
  CHECK(bad.error().message == "column 'age', row 4: 'old' is no number");

  std::erase_if(frame.columns,
                [](const Column& column) { return column.name == "age" || column.name == "site"; });
  const auto absent = (*scorer)->Score(frame);
  REQUIRE(!absent.has_value());
  CHECK(absent.error().code == Code::kInvalidArgument);
  CHECK(absent.error().message == "the model's columns 'age', 'site' are absent");
}

TEST_CASE("Many threads score with one model") {
  Made made;
  Make(made, ml::Task::kMulticlass);
  const auto scorer = Scorer::FromPipeline(made.pipeline);
  REQUIRE(scorer.has_value());
  const auto expected = (*scorer)->Score(made.rows);
  std::vector<int> same(4, 0);
  std::vector<std::thread> threads;
  for (size_t t = 0; t < same.size(); ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 50; ++i) {
        const auto scores = (*scorer)->Score(made.rows);
        same[t] += scores && scores->probabilities == expected->probabilities;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(same == std::vector<int>(4, 50));
}

TEST_CASE("No rows give no scores; what is no model is refused") {
  Made made;
  Make(made);
  const auto scorer = Scorer::FromPipeline(made.pipeline);
  const auto scores = (*scorer)->Score(made.rows.Take({}));
  REQUIRE(scores.has_value());
  CHECK(scores->labels.empty());
  CHECK(MakeOnnxRuntimeEngine("not a model").error().code == Code::kInvalidArgument);
}

}  // namespace
}  // namespace quern::model
