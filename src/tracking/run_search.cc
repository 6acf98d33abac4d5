#include <algorithm>
#include <cmath>
#include <functional>
#include <map>
#include <span>

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

/// Runs whose details are read together: a statement for all of a table instead of one for each.
class Details {
 public:
  static constexpr size_t kMost = 100;

  Details(Database& db, std::span<Run> runs) : db_(db) {
    for (Run& run : runs) runs_[run.info.num] = &run;
    // One or always as many, so that two statements are prepared and no more: the last is named
    // again and again.
    for (const auto& [num, run] : runs_) nums_.emplace_back(num);
    if (runs.size() > 1) nums_.resize(kMost, nums_.back());
    const std::vector<std::string> marks(nums_.size(), "?");
    in_ = " IN (" + Join(marks, ", ") + ")";
  }

  Status Read(const RunFields& fields) {
    if (fields.params) QUERN_TRY(Texts("run_params", &Run::params));
    if (fields.tags) QUERN_TRY(Texts("run_tags", &Run::tags));
    if (fields.metrics) QUERN_TRY(Metrics());
    QUERN_TRY(Inputs());
    return Models();
  }

 private:
  using Take = std::function<void(Run&, const Row&)>;
  /// The first column is the run's. Usually the rows of one run come one after the other.
  Status Each(const std::string& select, const std::string& order, const Take& take) {
    Run* run = nullptr;
    return db_.Query(select + in_ + order, nums_, [&](const Row& row) {
      const int64_t num = row.Int(0);
      if (run == nullptr || run->info.num != num) run = runs_.at(num);
      take(*run, row);
    });
  }

  Status Texts(const std::string& table, tracking::Texts Run::* into) {
    return Each("SELECT run, key, value FROM " + table + " WHERE run", "",
                [&](Run& run, const Row& row) {
                  tracking::Texts& texts = run.*into;
                  // The table's own order is that of the keys.
                  texts.emplace_hint(texts.end(), row.Text(1), row.Text(2));
                });
  }

  Status Metrics() {
    return Each(
        "SELECT run, key, last_value, last_step, last_ms, points, least, greatest "
        "FROM metric_series WHERE run",
        " ORDER BY run, key", [](Run& run, const Row& row) {
          run.metrics.push_back({row.Text(1), NumberOrNan(row, 2), row.Int(3), row.Int(4),
                                 row.Int(5), NumberOrNan(row, 6), NumberOrNan(row, 7)});
        });
  }

  Status Inputs() {
    std::map<int64_t, std::vector<int64_t>> of_run;
    QUERN_TRY(
        Each("SELECT i.run, i.num, d.name, d.digest, d.source_type, d.source, d.schema, d.profile "
             "FROM run_inputs i JOIN datasets d ON d.num = i.dataset WHERE i.run",
             " ORDER BY i.num", [&](Run& run, const Row& row) {
               Dataset dataset{row.Text(2), row.Text(3), row.Text(4), row.Text(5), {}, {}};
               if (!row.IsNull(6)) dataset.schema = row.Text(6);
               if (!row.IsNull(7)) dataset.profile = row.Text(7);
               run.dataset_inputs.push_back({std::move(dataset), {}});
               of_run[run.info.num].push_back(row.Int(1));
             }));
    for (const auto& [num, inputs] : of_run) {
      for (size_t i = 0; i < inputs.size(); ++i) {
        QUERN_TRY(ReadTexts(db_, "run_input_tags", "input", inputs[i],
                            runs_.at(num)->dataset_inputs[i].tags));
      }
    }
    return {};
  }

  Status Models() {
    return Each("SELECT run, direction, model_id, step FROM run_models WHERE run",
                " ORDER BY step, model_id", [](Run& run, const Row& row) {
                  auto& links = row.Text(1) == "input" ? run.model_inputs : run.model_outputs;
                  links.push_back({row.Text(2), row.Int(3)});
                });
  }

  Database& db_;
  std::map<int64_t, Run*> runs_;
  std::vector<store::Param> nums_;
  std::string in_;
};

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

Status Runs::Fill(std::span<Run> runs, const RunFields& fields) {
  for (size_t at = 0; at < runs.size(); at += Details::kMost) {
    const std::span<Run> some = runs.subspan(at, std::min(Details::kMost, runs.size() - at));
    QUERN_TRY(Details(db_, some).Read(fields));
  }
  return {};
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
  }
  QUERN_TRY(Fill(page.items, fields));
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
