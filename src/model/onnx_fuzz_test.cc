// Random changes of the models under tests/fuzz/onnx: no bytes crash the reader, the compiler or
// what it makes, and what is refused is refused with one of two codes.
#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "base/fuzz_test.h"
#include "model/compiled_engine.h"

namespace quern::model {
namespace {

constexpr int kMutations = 20'000;
const std::vector<std::string> kPieces =
    quern::testing::ProtobufPieces({"BRANCH_EQ", "LEAF", "Gather", "TopK"});

/// Rows of zeros and blanks.
void RunOn(const Engine& engine, int64_t rows) {
  Arena arena;
  std::vector<TensorView> inputs;
  for (const TensorSpec& spec : engine.inputs()) {
    const std::span<int64_t> shape = arena.Make<int64_t>(spec.shape.size());
    std::copy(spec.shape.begin(), spec.shape.end(), shape.begin());
    shape[0] = rows;
    TensorView view{spec.type, shape, nullptr};
    const auto words = arena.Make<uint64_t>(view.elements() * ElementSize(spec.type) / 8 + 1);
    std::fill(words.begin(), words.end(), 0);
    view.data = words.data();
    inputs.push_back(view);
  }
  std::vector<TensorView> outputs(engine.outputs().size());
  CHECK(engine.Run(inputs, arena, outputs).has_value());
}

void Try(const std::string& bytes, int& taken) {
  const auto compiled = CompileModel(bytes);
  if (!compiled) {
    const Code code = compiled.error().code;
    if (code != Code::kInvalidArgument && code != Code::kUnimplemented) {
      FAIL(compiled.error().ToString());
    }
    return;
  }
  ++taken;
  RunOn(*compiled->engine, 1);
  RunOn(*compiled->engine, 20);
}

}  // namespace

TEST_CASE("no bytes crash the reader of models, or what is compiled from them") {
  const auto corpus = quern::testing::Corpus(QUERN_SOURCE_DIR, "onnx");
  Rng rng(20'261'128);
  int taken = 0;
  for (int i = 0; i < kMutations; ++i) Try(quern::testing::Tweaked(corpus, rng), taken);
  for (int i = 0; i < kMutations; ++i) {
    Try(quern::testing::Mutated(corpus, kPieces, rng), taken);
  }
  // Changed thresholds and weights are models still.
  CHECK(taken > kMutations / 10);
}

TEST_CASE("every truncated model is refused, or still whole") {
  for (const std::string& bytes : quern::testing::Corpus(QUERN_SOURCE_DIR, "onnx")) {
    int taken = 0;
    for (size_t size = 0; size < bytes.size(); ++size) Try(bytes.substr(0, size), taken);
    CHECK(taken <= 8);
  }
}

}  // namespace quern::model
