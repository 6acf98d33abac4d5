// quern_model_fixture DIR SEED: writes packages of random pipelines with rows and the scores of
// ml::Score, for tests in Python. Per case: DIR/CASE/package, DIR/CASE/rows.json {column: [values]}
// (null is missing), DIR/CASE/scores.json {task, classes, labels, probabilities, predictions}.
#include <fmt/format.h>

#include <boost/json.hpp>
#include <cstdio>
#include <cstdlib>

#include "base/json.h"
#include "ml/fit.h"
#include "model/package.h"
#include "tests/model/random_pipeline.h"

namespace quern::model::testing {
namespace {

std::string RowsJson(const Frame& rows) {
  json::object object;
  for (const Column& column : rows.columns) {
    json::array values;
    for (double number : column.numbers) values.emplace_back(number);
    for (const std::string& text : column.texts) values.emplace_back(text);
    object[column.name] = std::move(values);
  }
  return WriteJson(object);
}

std::string ScoresJson(const ml::FittedPipeline& pipeline, const ml::Scores& scores) {
  json::array labels;
  for (uint32_t label : scores.labels) labels.emplace_back(pipeline.classes[label]);
  json::array classes(pipeline.classes.begin(), pipeline.classes.end());
  return WriteJson(json::object{
      {"task", TaskName(pipeline.task)},
      {"classes", std::move(classes)},
      {"labels", std::move(labels)},
      {"probabilities", json::value_from(scores.probabilities)},
      {"predictions", json::value_from(scores.predictions)},
  });
}

Status WriteCase(const std::string& dir, ml::Task task, ModelKind kind, Rng& rng) {
  Fs& fs = RealFs();
  const ml::FittedPipeline pipeline = RandomPipeline(task, kind, rng);
  const Frame rows = RandomRows(60, rng);
  QUERN_ASSIGN(const ml::Scores scores, ml::Score(pipeline, rows));
  PackageSpec spec;
  spec.pipeline = &pipeline;
  const uint32_t some[] = {0, 1, 2};
  spec.example = rows.Take(some);
  spec.metrics_json = R"({"roc_auc": {"value": 0.5, "low": 0.4, "high": 0.6}})";
  spec.created_ms = 1795539600000;
  QUERN_TRY(WritePackage(spec, JoinPath(dir, "package"), fs));
  QUERN_TRY(fs.WriteAtomic(JoinPath(dir, "rows.json"), RowsJson(rows)));
  return fs.WriteAtomic(JoinPath(dir, "scores.json"), ScoresJson(pipeline, scores));
}

Status WriteAll(const std::string& dir, uint64_t seed) {
  const Rng root(seed);
  for (size_t task = 0; task < std::size(kTasks); ++task) {
    for (size_t kind = 0; kind < std::size(kModelKinds); ++kind) {
      const std::string name = fmt::format("{}-{}", TaskName(kTasks[task]), kind);
      Rng rng = root.Fork(name);
      QUERN_TRY(WriteCase(JoinPath(dir, name), kTasks[task], kModelKinds[kind], rng));
    }
  }
  return {};
}

}  // namespace
}  // namespace quern::model::testing

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fputs("usage: quern_model_fixture DIR SEED\n", stderr);
    return 2;
  }
  const auto status = quern::model::testing::WriteAll(argv[1], std::strtoull(argv[2], nullptr, 10));
  if (status) return 0;
  fmt::print(stderr, "{}\n", status.error().ToString());
  return 1;
}
