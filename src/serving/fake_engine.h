#pragma once
// For tests: a model whose answers a test can compute in its head.
#include <cmath>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/text.h"
#include "serving/served_model.h"

namespace quern::serving {

/// P(last class) = sigmoid(sum of numbers, missing ones as 0, + 1 for each text "yes"); the rest is
/// shared by the other classes. Regression: the sum. Outputs as those of a package.
class FakeEngine : public model::Engine {
 public:
  explicit FakeEngine(Signature signature) : signature_(std::move(signature)) {
    for (const ml::InputColumn& input : signature_.inputs) {
      inputs_.push_back({input.name, input.is_text ? DataType::kBytes : DataType::kFp64, {-1, 1}});
    }
    const auto classes = static_cast<int64_t>(signature_.classes.size());
    if (classes == 0) {
      outputs_ = {{"prediction", DataType::kFp64, {-1, 1}}};
    } else {
      const DataType label = signature_.numeric_classes ? DataType::kInt64 : DataType::kBytes;
      outputs_ = {{"label", label, {-1}}, {"probabilities", DataType::kFp64, {-1, classes}}};
    }
  }
  model::EngineKind kind() const override { return model::EngineKind::kCompiled; }
  const std::vector<TensorSpec>& inputs() const override { return inputs_; }
  const std::vector<TensorSpec>& outputs() const override { return outputs_; }

  Status Run(std::span<const TensorView> inputs, Arena& arena,
             std::span<TensorView> outputs) const override {
    const auto rows = static_cast<size_t>(inputs[0].shape[0]);
    std::span<double> sums = arena.Make<double>(rows);
    std::fill(sums.begin(), sums.end(), 0);
    for (const TensorView& input : inputs) {
      for (size_t row = 0; row < rows; ++row) {
        if (input.type == DataType::kBytes) {
          sums[row] += input.values<std::string_view>()[row] == "yes" ? 1 : 0;
        } else if (!std::isnan(input.values<double>()[row])) {
          sums[row] += input.values<double>()[row];
        }
      }
    }
    const size_t classes = signature_.classes.size();
    if (classes == 0) {
      outputs[0] = {DataType::kFp64, Shape(arena, rows, 1), sums.data()};
      return {};
    }
    Classify(sums, classes, arena, outputs);
    return {};
  }

 private:
  static std::span<const int64_t> Shape(Arena& arena, size_t rows, size_t width) {
    std::span<int64_t> shape = arena.Make<int64_t>(2);
    shape[0] = static_cast<int64_t>(rows);
    shape[1] = static_cast<int64_t>(width);
    return shape;
  }

  void Classify(std::span<const double> sums, size_t classes, Arena& arena,
                std::span<TensorView> outputs) const {
    const size_t rows = sums.size();
    std::span<double> scores = arena.Make<double>(rows * classes);
    std::span<std::string_view> texts = arena.Make<std::string_view>(rows);
    std::span<int64_t> numbers = arena.Make<int64_t>(rows);
    for (size_t row = 0; row < rows; ++row) {
      const double last = 1 / (1 + std::exp(-sums[row]));
      const double others = (1 - last) / static_cast<double>(classes - 1);
      for (size_t i = 0; i < classes; ++i)
        scores[row * classes + i] = i + 1 < classes ? others : last;
      const size_t label = last >= signature_.threshold ? classes - 1 : 0;
      texts[row] = signature_.classes[label];
      numbers[row] = ParseInt(signature_.classes[label]).value_or(0);
    }
    const void* labels = signature_.numeric_classes ? static_cast<const void*>(numbers.data())
                                                    : static_cast<const void*>(texts.data());
    outputs[0] = {outputs_[0].type, Shape(arena, rows, 1).first(1), labels};
    outputs[1] = {DataType::kFp64, Shape(arena, rows, classes), scores.data()};
  }

  Signature signature_;
  std::vector<TensorSpec> inputs_;
  std::vector<TensorSpec> outputs_;
};

/// Inputs x (number), flag (number), sex (text); classes 0 and 1.
inline Signature BinarySignature() {
  Signature signature;
  signature.inputs = {{"x", false}, {"flag", false}, {"sex", true}};
  signature.classes = {"0", "1"};
  signature.numeric_classes = true;
  signature.rows_per_call = 1'000'000;
  return signature;
}

/// Inputs a and b (numbers).
inline Signature RegressionSignature() {
  Signature signature;
  signature.task = ml::Task::kRegression;
  signature.inputs = {{"a", false}, {"b", false}};
  signature.rows_per_call = 1'000'000;
  return signature;
}

/// A served model of that signature; what it answers is FakeEngine's.
inline ServedModel FakeServed(std::string name, std::string version, Signature signature,
                              int64_t loaded_at = 0) {
  ModelParts parts;
  parts.name = std::move(name);
  parts.version = std::move(version);
  parts.engine = std::make_shared<FakeEngine>(signature);
  parts.signature = std::move(signature);
  parts.loaded_at = loaded_at;
  return ServedModel::Make(std::move(parts)).value();
}

}  // namespace quern::serving
