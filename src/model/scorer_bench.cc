// What one prediction costs through the packaged graph: a single row, and a batch.
#include <benchmark/benchmark.h>

#include <numeric>
#include <string>
#include <vector>

#include "ml/fit.h"
#include "ml/test_data.h"
#include "model/scorer.h"

namespace quern::model {
namespace {

void BM_Scorer(benchmark::State& state, const std::string& kind) {
  const Frame rows = ml::testing::Cleveland();
  const auto fitted = ml::Fit(ml::testing::HeartPrep(), {kind, {}}, rows,
                              ml::testing::Disease(rows), {.seed = 1, .class_weights = {}});
  if (!fitted) return state.SkipWithError(fitted.error().ToString().c_str());
  const auto scorer = Scorer::FromPipeline(*fitted);
  if (!scorer) return state.SkipWithError(scorer.error().ToString().c_str());
  std::vector<uint32_t> first(static_cast<size_t>(state.range(0)));
  std::iota(first.begin(), first.end(), 0U);
  const Frame batch = rows.Take(first);
  for (auto _ : state) benchmark::DoNotOptimize((*scorer)->Score(batch));
  state.SetItemsProcessed(state.iterations() * state.range(0));
}

BENCHMARK_CAPTURE(BM_Scorer, logistic, "logistic")->Arg(1)->Arg(256)->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(BM_Scorer, gradient_boosting, "gradient_boosting")
    ->Arg(1)
    ->Arg(256)
    ->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace quern::model
