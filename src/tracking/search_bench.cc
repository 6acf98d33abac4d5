// Searches of runs, 20 metrics, 20 parameters and 3 tags each, without the answer's JSON. The store
// is made once: QUERN_BENCH_RUNS says how many runs (100,000), QUERN_BENCH_STORE where (a URI that
// `quern server --backend-store-uri` takes, filled if it has no runs; else a temporary SQLite
// file).
#include <benchmark/benchmark.h>

#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>

#include "base/fs.h"
#include "base/text.h"
#include "store/open.h"
#include "tracking/runs.h"

namespace quern::tracking {
namespace {

constexpr int64_t kShown = 100;

std::string Setting(const char* name, const char* otherwise) {
  const char* value = std::getenv(name);
  return value == nullptr ? otherwise : value;
}

/// A store like that of a few months' work: values spread evenly, `metric_0` grows with time.
class BenchStore {
 public:
  BenchStore() {
    const std::string uri = Setting("QUERN_BENCH_STORE", "");
    runs_ = ParseInt(Setting("QUERN_BENCH_RUNS", "100000")).value_or(100'000);
    auto opened = store::OpenDatabase(uri.empty() ? JoinPath(dir_.path(), "quern.db") : uri,
                                      RealFs(), store::Durability::kSafe, store::Upgrade::kApply);
    Check(opened ? Status() : std::unexpected(opened.error()));
    db_ = std::move(*opened);
    bool filled = false;
    Check(db_->Query("SELECT 1 FROM runs LIMIT 1", {}, [&](const store::Row&) { filled = true; }));
    if (!filled) Check(db_->Transaction([&] { return Fill(); }));
    // Its own daemon would do so within a minute.
    if (db_->dialect() == store::Dialect::kPostgres) Check(db_->Execute("ANALYZE"));
    experiments_ = std::make_unique<Experiments>(*db_, SystemClock(), "mlflow-artifacts:/");
    found_ = std::make_unique<Runs>(*db_, SystemClock(), *experiments_);
  }

  Runs& runs() { return *found_; }

  static BenchStore& Get() {
    static BenchStore store;
    return store;
  }

 private:
  static void Check(const Status& status) {
    if (status) return;
    std::fprintf(stderr, "search_bench: %s\n", status.error().ToString().c_str());
    std::exit(1);
  }

  Status Insert(const std::string& into, const std::string& columns, int64_t keys) {
    return db_->Execute(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < " +
        std::to_string(runs_) + "), k(k) AS (SELECT 0 UNION ALL SELECT k + 1 FROM k WHERE k < " +
        std::to_string(keys - 1) + ") INSERT INTO " + into + " SELECT " + columns +
        " FROM n CROSS JOIN k");
  }

  Status Fill() {
    // Two experiments, so that searches over several are measured too.
    QUERN_TRY(db_->Execute(
        "INSERT INTO experiments(id, name, artifact_location, lifecycle, created_ms, updated_ms) "
        "VALUES (1, 'a', '', 'active', 1, 1), (2, 'b', '', 'active', 1, 1)"));
    const std::string random = "((n.i * 7919 + k.k * 104729) % 1000003) / 1000003.0";
    QUERN_TRY(Insert(
        "runs(num, id, experiment_id, name, user_id, status, start_ms, end_ms, artifact_uri, "
        "lifecycle, revision)",
        "n.i, 'run' || (n.i * 7919 % 1000003) || '-' || n.i, 1 + n.i % 2, 'name-' || n.i, 'me', "
        "CASE WHEN n.i % 1000 = 0 THEN 'FAILED' ELSE 'FINISHED' END, n.i * 1000, "
        "n.i * 1000 + n.i * 7919 % 100000, 'here', 'active', 1",
        1));
    QUERN_TRY(Insert("run_params(run, key, value)",
                     "n.i, 'param_' || k.k, CASE WHEN k.k < 10 THEN '' || n.i % (k.k + 2) ELSE "
                     "'' || (n.i * 7919 + k.k) % 1000003 END",
                     20));
    QUERN_TRY(Insert("run_tags(run, key, value)",
                     "n.i, CASE k.k WHEN 0 THEN 'mlflow.runName' WHEN 1 THEN 'mlflow.user' ELSE "
                     "'mlflow.source.name' END, CASE k.k WHEN 0 THEN 'name-' || n.i ELSE 'me' END",
                     3));
    const std::string value = "CASE WHEN k.k = 0 THEN n.i * 0.01 ELSE " + random + " END";
    return Insert(
        "metric_series(run, key, points, last_value, last_step, last_ms, least, greatest, "
        "first_step, top_step, sealed)",
        "n.i, 'metric_' || k.k, 1, " + value + ", 0, n.i, " + value + ", " + value + ", 0, 0, 0",
        20);
  }

  TempDir dir_;
  int64_t runs_ = 0;
  std::unique_ptr<store::Database> db_;
  std::unique_ptr<Experiments> experiments_;
  std::unique_ptr<Runs> found_;
};

struct Case {
  const char* name;
  const char* filter;
  const char* order;
  bool both = false;
};

const Case kCases[] = {
    {"newest", "", ""},
    {"newest of two experiments", "", "", true},
    {"half of all", "metrics.metric_3 > 0.5", ""},
    {"half, and half of them", "metrics.metric_3 > 0.5 AND params.param_0 = '1'", ""},
    {"one in 10,000", "metrics.metric_3 < 0.0001", ""},
    {"nothing", "metrics.metric_3 < -1", ""},
    {"between", "metrics.metric_3 > 0.5 AND metrics.metric_3 < 0.5001", ""},
    {"the oldest by a metric", "metrics.metric_0 < 10", ""},
    {"rare or rare", "metrics.metric_3 < 0.0001 OR params.param_12 = '77'", ""},
    {"param", "params.param_12 = '7'", ""},
    {"tag", "tags.mlflow.runName = 'name-77'", ""},
    {"name", "attributes.run_name = 'name-77'", ""},
    {"status", "attributes.status = 'FAILED'", ""},
    {"no such status", "attributes.status = 'KILLED'", ""},
    {"by metric", "", "metrics.metric_3"},
    {"by metric, descending", "", "metrics.metric_3 DESC"},
    {"by metric of two experiments", "", "metrics.metric_3", true},
    {"by metric nobody has", "", "metrics.none"},
    {"by param", "", "params.param_12"},
    {"by end", "", "attributes.end_time DESC"},
    {"half, by metric", "metrics.metric_3 > 0.5", "metrics.metric_3"},
    {"half, by another metric", "metrics.metric_3 > 0.5", "metrics.metric_4 DESC"},
    // Without an index: every run is looked at.
    {"half, all of them old", "metrics.metric_0 < 250", ""},
    {"not", "NOT metrics.metric_3 >= 0", ""},
    {"by duration", "", "attributes.duration DESC"},
    {"by least", "", "min(metrics.metric_3)"},
};

void BM_Search(benchmark::State& state, const Case& what) {
  BenchStore& store = BenchStore::Get();
  SearchRequest request;
  request.filter = what.filter;
  if (*what.order != 0) request.order_by = {what.order};
  request.max_results = kShown;
  const RunFields none{false, false, false};
  size_t rows = 0;
  for (auto _ : state) {
    const auto page =
        store.runs().Search(what.both ? std::vector<int64_t>{1, 2} : std::vector<int64_t>{1},
                            ViewType::kActiveOnly, request, none);
    if (!page) return state.SkipWithError(page.error().ToString().c_str());
    rows = page->items.size();
  }
  state.counters["rows"] = static_cast<double>(rows);
}

/// What is shown of 100 runs: their metrics, parameters and tags.
void BM_SearchWhole(benchmark::State& state) {
  SearchRequest request;
  request.max_results = kShown;
  BenchStore& store = BenchStore::Get();
  for (auto _ : state) {
    const auto page = store.runs().Search({1}, ViewType::kActiveOnly, request);
    if (!page) return state.SkipWithError(page.error().ToString().c_str());
    benchmark::DoNotOptimize(page);
  }
}

BENCHMARK(BM_SearchWhole)->Unit(benchmark::kMillisecond);
const bool registered = [] {
  for (const Case& what : kCases) {
    benchmark::RegisterBenchmark((std::string("BM_Search/") + what.name).c_str(),
                                 [&what](benchmark::State& state) { BM_Search(state, what); })
        ->Unit(benchmark::kMillisecond);
  }
  return true;
}();

}  // namespace
}  // namespace quern::tracking
