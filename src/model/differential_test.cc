// The compiled engine against ONNX Runtime: random pipelines over rows with missing, unseen and
// extreme values must give the same labels, and scores within 1e-6.
#include <doctest/doctest.h>

#include <cmath>

#include "model/compiled_engine.h"
#include "model/onnx_build.h"
#include "model/ort_engine.h"
#include "model/signature.h"
#include "tests/allocations/allocations.h"
#include "tests/model/engine_compare.h"
#include "tests/model/random_pipeline.h"

namespace quern::model {
namespace {

using testing::Batch;
using testing::Difference;
using testing::ModelKind;

struct Engines {
  std::shared_ptr<const Engine> compiled;
  std::shared_ptr<const Engine> reference;
};

Engines MustMake(const std::string& onnx) {
  auto compiled = CompileModel(onnx);
  REQUIRE_MESSAGE(compiled.has_value(), compiled.error().ToString());
  auto reference = MakeOnnxRuntimeEngine(onnx);
  REQUIRE_MESSAGE(reference.has_value(), reference.error().ToString());
  return {compiled->engine, *reference};
}

/// "" if both answer the same for these rows.
std::string Compare(const Engines& engines, const Frame& rows) {
  Arena arena;
  const Batch batch(engines.reference->inputs(), rows, arena);
  return Difference(*engines.compiled, *engines.reference, batch.views(), arena);
}

TEST_CASE("Random pipelines: every kind of model is compiled, and answers as ONNX Runtime does") {
  const Rng root(20261128);
  size_t compared = 0;
  for (const ml::Task task : testing::kTasks) {
    for (const ModelKind kind : testing::kModelKinds) {
      for (uint64_t repeat = 0; repeat < 120; ++repeat) {
        CAPTURE(TaskName(task));
        CAPTURE(static_cast<int>(kind));
        CAPTURE(repeat);
        Rng rng = root.Fork(repeat * 100 + static_cast<uint64_t>(task) * 10 +
                            static_cast<uint64_t>(kind));
        const auto onnx = BuildOnnx(testing::RandomPipeline(task, kind, rng));
        REQUIRE(onnx.has_value());
        const Engines engines = MustMake(*onnx);
        // Batches of several blocks, of part of one, and of a single row take different ways.
        for (const size_t size : {size_t{1}, 2 + rng.Below(14), 20 + rng.Below(200)}) {
          CHECK(Compare(engines, testing::RandomRows(size, rng)) == "");
          compared += size;
        }
      }
    }
  }
  CHECK(compared > 100000);
}

TEST_CASE("Random derived columns: compiled as ONNX Runtime computes them") {
  const Rng root(5);
  for (uint64_t i = 0; i < 600; ++i) {
    Rng rng = root.Fork(i);
    const std::string text = testing::RandomExpression(rng);
    CAPTURE(text);
    const auto onnx = BuildOnnx(testing::ExpressionPipeline(text));
    REQUIRE_MESSAGE(onnx.has_value(), onnx.error().ToString());
    const Engines engines = MustMake(*onnx);
    CHECK(Compare(engines, testing::RandomRows(1, rng)) == "");
    CHECK(Compare(engines, testing::RandomRows(40, rng)) == "");
  }
}

TEST_CASE("No rows: outputs of the right type and width, by both engines") {
  Rng rng(3);
  for (const ModelKind kind : testing::kModelKinds) {
    const auto onnx = BuildOnnx(testing::RandomPipeline(ml::Task::kMulticlass, kind, rng));
    CHECK(Compare(MustMake(*onnx), testing::RandomRows(0, rng)) == "");
  }
}

TEST_CASE("After a first request nothing is allocated but from a warm arena") {
  Rng rng(4);
  const auto onnx = BuildOnnx(testing::RandomPipeline(ml::Task::kBinary, ModelKind::kBoosted, rng));
  const Engines engines = MustMake(*onnx);
  const Frame rows = testing::RandomRows(300, rng);
  Arena inputs;
  const Batch batch(engines.compiled->inputs(), rows, inputs);
  Arena arena;
  std::vector<TensorView> outputs(engines.compiled->outputs().size());
  const void* first = nullptr;
  for (int i = 0; i < 3; ++i) {
    arena.Reset();
    const size_t before = Allocations();
    const bool ran = engines.compiled->Run(batch.views(), arena, outputs).has_value();
    const size_t made = Allocations() - before;
    REQUIRE(ran);
    // The same demand is served from the same memory.
    if (i == 1) first = outputs[0].data;
    if (i == 2) CHECK(outputs[0].data == first);
    if (i == 2) CHECK(made == 0);
  }
}

}  // namespace
}  // namespace quern::model
