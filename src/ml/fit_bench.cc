// How long fitting and scoring take on the Cleveland rows, one thread each.
#include <benchmark/benchmark.h>

#include <string>

#include "ml/fit.h"
#include "ml/test_data.h"

namespace quern::ml {
namespace {

void BM_Fit(benchmark::State& state, const std::string& kind) {
  const Frame rows = testing::Cleveland();
  const Target target = testing::Disease(rows);
  for (auto _ : state) {
    auto fitted =
        Fit(testing::HeartPrep(), {kind, {}}, rows, target, {.seed = 1, .class_weights = {}});
    if (!fitted) return state.SkipWithError(fitted.error().ToString().c_str());
    benchmark::DoNotOptimize(fitted);
  }
  state.SetItemsProcessed(state.iterations() * static_cast<int64_t>(rows.rows()));
}

void BM_Score(benchmark::State& state, const std::string& kind) {
  const Frame rows = testing::Cleveland();
  const auto fitted = Fit(testing::HeartPrep(), {kind, {}}, rows, testing::Disease(rows),
                          {.seed = 1, .class_weights = {}});
  if (!fitted) return state.SkipWithError(fitted.error().ToString().c_str());
  for (auto _ : state) benchmark::DoNotOptimize(Score(*fitted, rows));
  state.SetItemsProcessed(state.iterations() * static_cast<int64_t>(rows.rows()));
}

BENCHMARK_CAPTURE(BM_Fit, logistic, "logistic")->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(BM_Fit, decision_tree, "decision_tree")->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(BM_Fit, random_forest, "random_forest")->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(BM_Fit, gradient_boosting, "gradient_boosting")->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(BM_Score, logistic, "logistic")->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(BM_Score, gradient_boosting, "gradient_boosting")->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(BM_Score, knn, "knn")->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace quern::ml
