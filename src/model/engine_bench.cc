// The compiled engine against ONNX Runtime and XGBoost: same models, same rows, same run, one
// thread.
#include <benchmark/benchmark.h>

#include <cmath>
#include <memory>
#include <string>
#include <vector>

#include "base/random.h"
#include "ml/fit.h"
#include "ml/learners/xgboost.h"
#include "ml/test_data.h"
#include "model/engine_choice.h"
#include "model/kernels.h"
#include "model/onnx_build.h"
#include "model/tree_walk.h"

// XGBoost's own way to predict without a DMatrix of its own, which is its fastest.
extern "C" {
int XGBoosterCreate(const void* const* matrices, uint64_t count, void** out);
int XGBoosterLoadModelFromBuffer(void* booster, const void* bytes, uint64_t length);
int XGBoosterSetParam(void* booster, const char* name, const char* value);
int XGBoosterPredictFromDense(void* booster, const char* values, const char* config, void* proxy,
                              const uint64_t** shape, uint64_t* dimensions, const float** result);
int XGBoosterFree(void* booster);
}

namespace quern::model {
namespace {

constexpr size_t kColumns = 28;
constexpr size_t kTrees = 100;

/// A model and its rows as tensors.
struct Case {
  std::string onnx;
  Frame rows;
};

/// One view per input, each [N,1].
std::vector<TensorView> Views(const Engine& engine, const Frame& rows,
                              std::vector<std::vector<std::string_view>>& texts,
                              const std::vector<int64_t>& shape) {
  std::vector<TensorView> views;
  for (const TensorSpec& spec : engine.inputs()) {
    const Column& column = *rows.Find(spec.name);
    if (column.is_text) {
      texts.emplace_back(column.texts.begin(), column.texts.end());
      views.push_back({DataType::kBytes, shape, texts.back().data()});
    } else {
      views.push_back({DataType::kFp64, shape, column.numbers.data()});
    }
  }
  return views;
}

Case Heart(const std::string& kind, size_t rows) {
  const Frame all = ml::testing::Cleveland();
  const auto fitted = ml::Fit(ml::testing::HeartPrep(), {kind, {}}, all, ml::testing::Disease(all),
                              {.seed = 1, .class_weights = {}});
  std::vector<uint32_t> chosen;
  for (size_t i = 0; i < rows; ++i) chosen.push_back(static_cast<uint32_t>(i % all.rows()));
  return {*BuildOnnx(*fitted), all.Take(chosen)};
}

/// Noise with a signal, so that the trees are grown to their depth.
ml::Matrix Synthetic(size_t rows, std::vector<float>& labels) {
  Rng rng(17);
  ml::Matrix x{rows, kColumns, std::vector<double>(rows * kColumns)};
  for (size_t r = 0; r < rows; ++r) {
    double score = 0;
    for (size_t c = 0; c < kColumns; ++c) {
      const double value = static_cast<double>(static_cast<float>(rng.Normal()));
      x.values[r * kColumns + c] = value;
      score += std::sin(value * static_cast<double>(c % 5 + 1));
    }
    labels.push_back(score + rng.Normal() > 0 ? 1.0F : 0.0F);
  }
  return x;
}

/// 100 trees of depth 6 over 28 columns, trained by XGBoost; the same model in three forms.
struct Boosted {
  std::string saved;
  std::string onnx;
  ml::Matrix x;
  Frame rows;
};

const Boosted& TheBoosted() {
  static const Boosted& made = *new Boosted([] {
    Boosted out;
    std::vector<float> labels;
    out.x = Synthetic(10000, labels);
    const auto booster = ml::Booster::Train(
        out.x, labels, {},
        {{"objective", "binary:logistic"}, {"max_depth", "6"}, {"eta", "0.1"}, {"nthread", "1"}},
        kTrees, nullptr);
    out.saved = *booster->Save();
    ml::FittedPipeline pipeline;
    pipeline.classes = {"no", "yes"};
    for (size_t c = 0; c < kColumns; ++c) {
      const std::string name = "x" + std::to_string(c);
      pipeline.inputs.push_back({name, false});
      ml::Feature feature;
      feature.column = name;
      pipeline.features.push_back(feature);
      pipeline.feature_names.push_back(name);
      Column column;
      column.name = name;
      for (size_t r = 0; r < out.x.rows; ++r) column.numbers.push_back(out.x.at(r, c));
      out.rows.columns.push_back(std::move(column));
    }
    pipeline.model = *ml::ReadBoostedTrees(out.saved);
    out.onnx = *BuildOnnx(pipeline);
    return out;
  }());
  return made;
}

void RunEngine(benchmark::State& state, const Case& made, EnginePreference preference) {
  const auto chosen = ChooseEngine(made.onnx, preference);
  if (!chosen) return state.SkipWithError(chosen.error().ToString().c_str());
  const Engine& engine = *chosen->engine;
  const std::vector<int64_t> shape = {static_cast<int64_t>(made.rows.rows()), 1};
  std::vector<std::vector<std::string_view>> texts;
  const std::vector<TensorView> views = Views(engine, made.rows, texts, shape);
  std::vector<TensorView> outputs(engine.outputs().size());
  Arena arena;
  for (auto _ : state) {
    arena.Reset();
    if (!engine.Run(views, arena, outputs)) return state.SkipWithError("it failed");
    benchmark::DoNotOptimize(outputs.data());
  }
  state.SetItemsProcessed(state.iterations() * static_cast<int64_t>(made.rows.rows()));
}

void BM_Heart(benchmark::State& state, const std::string& kind, EnginePreference preference) {
  RunEngine(state, Heart(kind, static_cast<size_t>(state.range(0))), preference);
}

void BM_Trees(benchmark::State& state, EnginePreference preference) {
  const Boosted& model = TheBoosted();
  std::vector<uint32_t> chosen;
  for (uint32_t i = 0; i < state.range(0); ++i) chosen.push_back(i);
  RunEngine(state, {model.onnx, model.rows.Take(chosen)}, preference);
}

void BM_TreesXgboost(benchmark::State& state) {
  const Boosted& model = TheBoosted();
  void* booster = nullptr;
  XGBoosterCreate(nullptr, 0, &booster);
  XGBoosterLoadModelFromBuffer(booster, model.saved.data(), model.saved.size());
  XGBoosterSetParam(booster, "nthread", "1");
  const std::vector<float> values(model.x.values.begin(), model.x.values.end());
  const std::string array = "{\"data\":[" +
                            std::to_string(reinterpret_cast<uintptr_t>(values.data())) +
                            ",true],\"shape\":[" + std::to_string(state.range(0)) + "," +
                            std::to_string(kColumns) + "],\"typestr\":\"<f4\",\"version\":3}";
  const char* config =
      "{\"type\":0,\"training\":false,\"iteration_begin\":0,\"iteration_end\":0,"
      "\"strict_shape\":false,\"missing\":NaN,\"cache_id\":0}";
  for (auto _ : state) {
    const uint64_t* shape = nullptr;
    uint64_t dimensions = 0;
    const float* result = nullptr;
    if (XGBoosterPredictFromDense(booster, array.c_str(), config, nullptr, &shape, &dimensions,
                                  &result) != 0) {
      state.SkipWithError("XGBoost failed");
      break;
    }
    benchmark::DoNotOptimize(result);
  }
  XGBoosterFree(booster);
  state.SetItemsProcessed(state.iterations() * state.range(0));
}

/// 100 complete trees of depth 6 with random nodes: the walks alone, per instruction set.
struct Walked {
  std::vector<WalkNode> nodes;
  std::vector<uint32_t> roots;
  std::vector<uint32_t> depths;
  std::vector<float> x;
};

void AddComplete(Walked& out, Rng& rng, uint32_t depth) {
  const size_t at = out.nodes.size();
  out.nodes.push_back({std::nanf(""), 0, 0});
  if (depth == 0) return;
  AddComplete(out, rng, depth - 1);
  const auto distance = static_cast<uint16_t>(out.nodes.size() - at);
  out.nodes[at] = {static_cast<float>(rng.Normal()), static_cast<uint16_t>(rng.Below(kColumns)),
                   distance};
  AddComplete(out, rng, depth - 1);
}

Walked RandomTrees() {
  Rng rng(5);
  Walked out;
  for (size_t t = 0; t < kTrees; ++t) {
    out.roots.push_back(static_cast<uint32_t>(out.nodes.size()));
    AddComplete(out, rng, 6);
  }
  while (out.roots.size() % kTreesAtOnce) out.roots.push_back(out.roots.back());
  out.depths.assign(out.roots.size() / kTreesAtOnce, 6);
  for (size_t i = 0; i < kColumns * kMostRows; ++i) {
    out.x.push_back(static_cast<float>(rng.Normal()));
  }
  return out;
}

void BM_WalkOneRow(benchmark::State& state, InstructionSet set) {
  const Walked walked = RandomTrees();
  const TreeWalks& walks = WalksOf(set);
  if (walks.set != set) return state.SkipWithError("not on this processor");
  std::vector<uint32_t> at(walked.roots.size());
  // Another row each time, as the branch predictor would learn one by heart.
  size_t row = 0;
  for (auto _ : state) {
    walks.trees(walked.nodes.data(), walked.x.data() + row * kColumns, walked.roots.data(),
                walked.depths.data(), walked.depths.size(), at.data());
    benchmark::DoNotOptimize(at.data());
    row = (row + 1) % kMostRows;
  }
}

void BM_WalkBlock(benchmark::State& state, InstructionSet set) {
  const Walked walked = RandomTrees();
  const TreeWalks& walks = WalksOf(set);
  if (walks.set != set) return state.SkipWithError("not on this processor");
  std::vector<uint32_t> at(kMostRows);
  std::vector<float> values(walked.nodes.size(), 0.5F);
  std::vector<float> sums(kMostRows);
  for (auto _ : state) {
    for (size_t t = 0; t < kTrees; ++t) {
      walks.rows(walked.nodes.data(), walked.x.data(), 7, walked.roots[t], 6, kMostRows, at.data());
      walks.add(values.data(), at.data(), kMostRows, sums.data());
    }
    benchmark::DoNotOptimize(sums.data());
  }
  state.SetItemsProcessed(state.iterations() * static_cast<int64_t>(kMostRows));
}

#define QUERN_WALK(set)                                                                      \
  BENCHMARK_CAPTURE(BM_WalkOneRow, set, InstructionSet::set)->Unit(benchmark::kMicrosecond); \
  BENCHMARK_CAPTURE(BM_WalkBlock, set, InstructionSet::set)->Unit(benchmark::kMicrosecond)
QUERN_WALK(kPlain);
QUERN_WALK(kAvx2);
QUERN_WALK(kAvx512);
#undef QUERN_WALK

constexpr EnginePreference kCompiled = EnginePreference::kCompiled;
constexpr EnginePreference kOnnxRuntime = EnginePreference::kOnnxRuntime;

#define QUERN_HEART(kind)                                              \
  BENCHMARK_CAPTURE(BM_Heart, kind##_compiled, #kind, kCompiled)       \
      ->Arg(1)                                                         \
      ->Arg(1000)                                                      \
      ->Unit(benchmark::kMicrosecond);                                 \
  BENCHMARK_CAPTURE(BM_Heart, kind##_onnxruntime, #kind, kOnnxRuntime) \
      ->Arg(1)                                                         \
      ->Arg(1000)                                                      \
      ->Unit(benchmark::kMicrosecond)
QUERN_HEART(logistic);
QUERN_HEART(gradient_boosting);
QUERN_HEART(random_forest);
QUERN_HEART(knn);
#undef QUERN_HEART

BENCHMARK_CAPTURE(BM_Trees, compiled, kCompiled)
    ->Arg(1)
    ->Arg(100)
    ->Arg(10000)
    ->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(BM_Trees, onnxruntime, kOnnxRuntime)
    ->Arg(1)
    ->Arg(100)
    ->Arg(10000)
    ->Unit(benchmark::kMicrosecond);
BENCHMARK(BM_TreesXgboost)->Arg(1)->Arg(100)->Arg(10000)->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace quern::model
