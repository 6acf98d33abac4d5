// The candidates of examples/heart, compared on every row of Cleveland.
#include <doctest/doctest.h>

#include "base/parallel.h"
#include "base/progress.h"
#include "base/text.h"
#include "data/ingest.h"
#include "expr/expr.h"
#include "pipeline/world.h"
#include "table/session.h"

namespace quern::pipeline {
namespace {

const char* const kFolder = QUERN_SOURCE_DIR "/examples/heart";

/// The features of the example over the columns that ingestion found.
Result<ml::PrepSpec> PrepOf(const Project& project, const data::IngestResult& ingested,
                            const std::string& state) {
  QUERN_ASSIGN(const auto workspace,
               Workspace::Open(state, {WorkspaceOptions::Open::kCreate}, RealFs(), SystemClock()));
  World world(project, *workspace, 1);
  std::vector<ColumnInfo> columns;
  for (const data::ColumnDecl& column : ingested.columns) {
    columns.push_back({column.name, std::string(data::ColumnTypeName(column.type)),
                       column.physical == "VARCHAR"});
  }
  return MakePrep(world, columns);
}

}  // namespace

TEST_CASE("on all rows of Cleveland the selected model's ROC AUC is at least 0.9") {
  TempDir folder;
  // The seed is the one of a project that names none.
  const uint64_t seed = training::TrainingSpec().seed;
  auto project = LoadProject(kFolder, {{"training.seed", std::to_string(seed)}}, RealFs());
  REQUIRE(project);
  data::SourceSpec source = *project->data.Find("cleveland");
  source.root = project->dir;
  const auto ingested =
      data::Ingest(source, project->data.columns, folder.File("tables"), RealFs(), NoProgress());
  REQUIRE(ingested);
  const auto session = table::Session::Open({.threads = 1});
  training::Dataset dataset;
  dataset.rows = *(*session)->QueryFrame("SELECT * FROM read_parquet(" +
                                         table::QuoteText(ingested->snapshot) + ")");
  const auto& target = project->data.target;
  const auto labels =
      expr::Evaluate(*expr::Parse(target.expression, target.where), dataset.rows, target.name);
  dataset.target = *training::MakeTarget(*labels, target.task, target.positive);
  const auto prep = PrepOf(*project, *ingested, folder.File("state"));
  REQUIRE(prep);

  const training::TrainingSpec spec = training::ForTask(project->training, dataset.target.task);
  const auto result =
      training::CompareModels(spec, *prep, dataset, {AvailableCores(), nullptr, nullptr});
  REQUIRE_MESSAGE(result.has_value(), (result ? "" : result.error().ToString()));
  CHECK(dataset.rows.rows() == 303);
  CHECK(spec.metric == "roc_auc");
  CHECK(result->folds.size() == 10);
  size_t tested = 0;
  for (const ml::Split& fold : result->folds) {
    CHECK(fold.train.size() + fold.test.size() == 303);
    tested += fold.test.size();
  }
  CHECK(tested == 2 * 303);
  const training::ModelResult& selected = result->models[result->selected];
  MESSAGE(selected.name << " " << selected.value);
  CHECK(selected.value >= 0.90);
}

}  // namespace quern::pipeline
