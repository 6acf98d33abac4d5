#pragma once
// What is decided from an engine's outputs, and whether they may be believed.
#include <optional>
#include <span>
#include <string_view>

#include "base/arena.h"
#include "base/result.h"
#include "serving/call_note.h"
#include "serving/inference_call.h"
#include "serving/served_model.h"

namespace quern::serving {

/// What a call's parameters ask of a classifier.
struct Decision {
  /// Binary: positive if the probability of the second class is at least this.
  std::optional<double> threshold;
  /// `probabilities: false`: the decision alone.
  bool leave_out_scores = false;
};

/// Reads `threshold` (a number from 0 to 1, for binary classifiers of ours) and `probabilities`
/// (true or false, for models with a decision and scores). kInvalidArgument for another value, or
/// a model that they mean nothing to.
Result<Decision> ReadDecision(const ServedModel& served, const InferenceCall& call);

/// kInternal: rows are missing, or a classifier's score is no finite number; `fault` says which.
Status CheckOutputs(const ServedModel& served, size_t rows, std::span<const TensorView> outputs,
                    AnswerFault* fault);

/// Labels by another threshold than the model's own, in `arena`.
Status Decide(const ServedModel& served, const Decision& decision, Arena& arena,
              std::span<TensorView> outputs);

/// kInvalidArgument naming the outputs that there are.
std::unexpected<Error> UnknownOutput(const ServedModel& served, std::string_view name);

}  // namespace quern::serving
