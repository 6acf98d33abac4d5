#pragma once
// For tests: a model whose answers a test can compute in its head.
#include <cmath>
#include <utility>

#include "serving/model.h"

namespace quern::serving {

/// P(last class) = sigmoid(sum of numbers, missing ones as 0, + 1 for each text "yes"); the rest is
/// shared by the other classes. Regression: the sum.
class FakeModel : public ScoringModel {
 public:
  explicit FakeModel(Signature signature) : signature_(std::move(signature)) {}
  const Signature& signature() const override { return signature_; }

  Result<ml::Scores> Score(const Frame& rows) const override {
    ml::Scores scores;
    scores.classes = signature_.classes.size();
    for (size_t row = 0; row < rows.rows(); ++row) {
      double sum = 0;
      for (const Column& column : rows.columns) {
        if (column.is_text) {
          sum += column.texts[row] == "yes" ? 1 : 0;
        } else if (!std::isnan(column.numbers[row])) {
          sum += column.numbers[row];
        }
      }
      Push(sum, &scores);
    }
    return scores;
  }

 private:
  void Push(double sum, ml::Scores* scores) const {
    if (scores->classes == 0) {
      scores->predictions.push_back(sum);
      return;
    }
    double last = 1 / (1 + std::exp(-sum));
    double others = (1 - last) / static_cast<double>(scores->classes - 1);
    for (size_t i = 0; i + 1 < scores->classes; ++i) scores->probabilities.push_back(others);
    scores->probabilities.push_back(last);
    bool positive = last >= signature_.threshold;
    scores->labels.push_back(positive ? static_cast<uint32_t>(scores->classes - 1) : 0);
  }
  Signature signature_;
};

/// Inputs x (number), flag (number), sex (text); classes 0 and 1.
inline Signature BinarySignature() {
  Signature signature;
  signature.inputs = {{"x", false}, {"flag", false}, {"sex", true}};
  signature.classes = {"0", "1"};
  signature.numeric_classes = true;
  return signature;
}

/// Inputs a and b (numbers).
inline Signature RegressionSignature() {
  Signature signature;
  signature.task = ml::Task::kRegression;
  signature.inputs = {{"a", false}, {"b", false}};
  return signature;
}

}  // namespace quern::serving
