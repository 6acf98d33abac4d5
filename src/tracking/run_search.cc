#include <cmath>

#include "base/text.h"
#include "search/page.h"
#include "tracking/names.h"
#include "tracking/rows.h"
#include "tracking/run_rows.h"
#include "tracking/runs.h"

namespace quern::tracking {
namespace {

using store::Database;
using store::Row;

constexpr int64_t kMaxDatasets = 1000;

double NumberOrNan(const Row& row, int column) {
  return row.IsNull(column) ? std::nan("") : row.Number(column);
}

Status ReadMetrics(Database& db, Run& run) {
  return db.Query(
      "SELECT key, last_value, last_step, last_ms, points, least, greatest FROM metric_series "
      "WHERE run = ? ORDER BY key",
      {run.info.num}, [&](const Row& row) {
        run.metrics.push_back({row.Text(0), NumberOrNan(row, 1), row.Int(2), row.Int(3), row.Int(4),
                               NumberOrNan(row, 5), NumberOrNan(row, 6)});
      });
}

Status ReadInputs(Database& db, Run& run) {
  std::vector<int64_t> links;
  QUERN_TRY(
      db.Query("SELECT i.num, d.name, d.digest, d.source_type, d.source, d.schema, d.profile "
               "FROM run_inputs i JOIN datasets d ON d.num = i.dataset WHERE i.run = ? "
               "ORDER BY i.num",
               {run.info.num}, [&](const Row& row) {
                 links.push_back(row.Int(0));
                 Dataset dataset{row.Text(1), row.Text(2), row.Text(3), row.Text(4), {}, {}};
                 if (!row.IsNull(5)) dataset.schema = row.Text(5);
                 if (!row.IsNull(6)) dataset.profile = row.Text(6);
                 run.dataset_inputs.push_back({std::move(dataset), {}});
               }));
  for (size_t i = 0; i < links.size(); ++i) {
    QUERN_TRY(ReadTexts(db, "run_input_tags", "input", links[i], run.dataset_inputs[i].tags));
  }
  return db.Query(
      "SELECT direction, model_id, step FROM run_models WHERE run = ? ORDER BY step, model_id",
      {run.info.num}, [&](const Row& row) {
        auto& links_of = row.Text(0) == "input" ? run.model_inputs : run.model_outputs;
        links_of.push_back({row.Text(1), row.Int(2)});
      });
}

search::Scope RunsScope(const std::vector<int64_t>& experiment_ids, ViewType view,
                        RunLevel level = RunLevel::kAll) {
  search::Scope scope = IdsScope("r.experiment_id", experiment_ids);
  scope.where += " AND " + LifecycleIs("r.lifecycle", view);
  // Index runs_by_start.
  scope.in_order = experiment_ids.size() == 1 && view != ViewType::kAll;
  if (level == RunLevel::kTop) scope.where += " AND r.parent_id IS NULL";
  return scope;
}

}  // namespace

Status Runs::Fill(Run& run, const RunFields& fields) {
  if (fields.params) QUERN_TRY(ReadTexts(db_, "run_params", "run", run.info.num, run.params));
  if (fields.tags) QUERN_TRY(ReadTexts(db_, "run_tags", "run", run.info.num, run.tags));
  if (fields.metrics) QUERN_TRY(ReadMetrics(db_, run));
  return ReadInputs(db_, run);
}

Result<Page<Run>> Runs::Search(const std::vector<int64_t>& experiment_ids, ViewType view,
                               const SearchRequest& request, const RunFields& fields,
                               RunLevel level) {
  QUERN_TRY(CheckMaxResults(request.max_results, kMaxRunsPage));
  std::string scope = ScopeText(experiment_ids, view);
  if (level == RunLevel::kTop) scope += " top";
  QUERN_ASSIGN(
      const search::Query query,
      search::Compile(search::Runs(), search::RequestOf(request, std::move(scope)), db_.dialect()));
  Page<Run> page;
  QUERN_ASSIGN(page.next_token, search::ReadPage(db_, query, kRunColumns, kRunColumnCount,
                                                 RunsScope(experiment_ids, view, level),
                                                 request.max_results, [&](const Row& row) {
                                                   page.items.emplace_back();
                                                   page.items.back().info = ReadRunInfo(row);
                                                 }));
  for (Run& run : page.items) {
    if (run.info.artifact_uri.empty()) {
      QUERN_ASSIGN(run.info, Info(run.info.id));
    }
    QUERN_TRY(Fill(run, fields));
  }
  return page;
}

Result<int64_t> Runs::Count(const std::vector<int64_t>& experiment_ids, ViewType view,
                            const std::string& filter) {
  search::Request request;
  request.filter = filter;
  QUERN_ASSIGN(const search::Query query, search::Compile(search::Runs(), request, db_.dialect()));
  return search::CountAll(db_, query, RunsScope(experiment_ids, view));
}

Result<std::vector<DatasetSummary>> Runs::Datasets(const std::vector<int64_t>& experiment_ids) {
  const search::Scope scope = IdsScope("d.experiment_id", experiment_ids);
  std::vector<store::Param> params = scope.params;
  params.emplace_back(kMaxDatasets);
  std::vector<DatasetSummary> summaries;
  QUERN_TRY(db_.Query(
      "SELECT DISTINCT d.experiment_id, d.name, d.digest, coalesce(t.value, '') FROM datasets d "
      "JOIN run_inputs i ON i.dataset = d.num JOIN runs r ON r.num = i.run AND "
      "r.lifecycle = 'active' LEFT JOIN run_input_tags t ON t.input = i.num AND "
      "t.key = 'mlflow.data.context' WHERE " +
          scope.where + " ORDER BY 1, 2, 3, 4 LIMIT ?",
      params, [&](const Row& row) {
        summaries.push_back({row.Int(0), row.Text(1), row.Text(2), row.Text(3)});
      }));
  return summaries;
}

}  // namespace quern::tracking
