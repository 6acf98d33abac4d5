#pragma once
// One request to a model as every front says it, and what it gets. No protocol's words.
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <variant>

#include "model/tensor.h"
#include "serving/served_model.h"

namespace quern::serving {

struct GatheredCall;

struct NamedTensor {
  std::string_view name;
  TensorView tensor;
};

using ParameterValue = std::variant<bool, int64_t, double, std::string_view>;
struct Parameter {
  std::string_view name;
  ParameterValue value;
};

/// Everything is borrowed: names, shapes and data mostly lie in the request's arena or its bytes.
struct InferenceCall {
  /// "" is the default model.
  std::string_view model;
  /// A version, an alias, or "" for the one that the model's name stands for.
  std::string_view version;
  /// The caller's; absent and "" differ.
  std::optional<std::string_view> id;
  std::span<const NamedTensor> inputs;
  /// Names of the outputs wanted, in that order; empty = all.
  std::span<const std::string_view> outputs;
  /// `threshold` and `probabilities` mean something to a classifier (docs/serving.md); fronts take
  /// out what is theirs, the rest is ignored.
  std::span<const Parameter> parameters;
  /// Each input is one column of a table, also if a single tensor could be a matrix.
  bool columns_only = false;
  /// Input texts may stand for numbers, as they must where a format has nothing but text (CSV).
  bool all_text = false;
  /// Which way a release sent it, as "canary"; kept with the prediction. "" if no release decided.
  std::string_view route;
  /// MonotonicSeconds() at which the answer is no longer of use; 0 = never.
  double deadline = 0;
  /// MonotonicSeconds() at which the request arrived, if it had to wait since; 0 = it had not.
  double arrived = 0;
  /// Whether the thread may wait, to be scored together with others (serving/batcher.h).
  bool may_wait = true;
  /// What the engine has answered to this call already (serving/gathering.h), or null.
  const GatheredCall* gathered = nullptr;
};

struct InferenceAnswer {
  /// What answered; keeps it alive.
  ServedModelPtr model;
  size_t rows = 0;
  /// Names are the model's; shapes and data lie in the arena.
  std::span<const NamedTensor> outputs;
  /// One per row; empty if predictions are not kept.
  std::span<const std::string_view> prediction_ids;
};

}  // namespace quern::serving
