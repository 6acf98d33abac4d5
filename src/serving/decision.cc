#include "serving/decision.h"

#include <algorithm>
#include <cmath>

#include "base/text.h"
#include "serving/input_binding.h"

namespace quern::serving {
namespace {

template <typename T>
bool AllFinite(const TensorView& tensor) {
  const std::span<const T> values = tensor.values<T>();
  return std::all_of(values.begin(), values.end(), [](T v) { return std::isfinite(v); });
}

Result<double> ReadThreshold(const ServedModel& served, const ParameterValue& value) {
  const auto& signature = served.signature();
  if (!signature || signature->task != ml::Task::kBinary) {
    return BadCall("model '" + served.name() + "' takes no parameter 'threshold'",
                   "only a binary classifier that Quern trained has one");
  }
  double threshold = std::nan("");
  if (const double* number = std::get_if<double>(&value)) threshold = *number;
  if (const int64_t* whole = std::get_if<int64_t>(&value)) threshold = static_cast<double>(*whole);
  if (!(threshold >= 0 && threshold <= 1)) {
    return BadCall("parameter 'threshold' must be a number from 0 to 1");
  }
  return threshold;
}

}  // namespace

Result<Decision> ReadDecision(const ServedModel& served, const InferenceCall& call) {
  Decision decision;
  for (const Parameter& parameter : call.parameters) {
    if (parameter.name == "threshold") {
      QUERN_ASSIGN(decision.threshold, ReadThreshold(served, parameter.value));
    } else if (parameter.name == "probabilities") {
      const bool* wanted = std::get_if<bool>(&parameter.value);
      if (wanted == nullptr) return BadCall("parameter 'probabilities' must be true or false");
      if (!served.label_output() || !served.score_output()) {
        return BadCall("model '" + served.name() + "' takes no parameter 'probabilities'",
                       "only a classifier has them");
      }
      decision.leave_out_scores = !*wanted;
    }
  }
  return decision;
}

Status CheckOutputs(const ServedModel& served, size_t rows, std::span<const TensorView> outputs,
                    AnswerFault* fault) {
  const std::vector<TensorSpec>& specs = served.engine().outputs();
  for (size_t i = 0; i < specs.size(); ++i) {
    const bool per_row = served.signature() || served.row_wise();
    if (per_row &&
        (outputs[i].shape.empty() || outputs[i].shape[0] != static_cast<int64_t>(rows))) {
      *fault = AnswerFault::kShape;
      return Fail(Code::kInternal, "the model answered with another number of rows");
    }
  }
  // A regressor of someone else's may well answer "missing".
  if (!served.score_output() || (!served.signature() && !served.label_output())) return {};
  const TensorView& scores = outputs[*served.score_output()];
  const bool good = scores.type == DataType::kFp32   ? AllFinite<float>(scores)
                    : scores.type == DataType::kFp64 ? AllFinite<double>(scores)
                                                     : true;
  if (good) return {};
  *fault = AnswerFault::kNumber;
  return Fail(Code::kInternal, "the model answered with a value that is not a number");
}

Status Decide(const ServedModel& served, const Decision& decision, Arena& arena,
              std::span<TensorView> outputs) {
  if (!decision.threshold) return {};
  const std::vector<std::string>& classes = served.signature()->classes;
  const std::span<const double> scores = outputs[*served.score_output()].values<double>();
  TensorView& labels = outputs[*served.label_output()];
  const size_t rows = labels.elements();
  if (scores.size() != rows * 2) {
    return Fail(Code::kInternal, "the model answered with another number of rows");
  }
  const auto fill = [&](auto negative, auto positive) {
    auto values = arena.Make<decltype(negative)>(rows);
    for (size_t row = 0; row < rows; ++row) {
      values[row] = scores[row * 2 + 1] >= *decision.threshold ? positive : negative;
    }
    labels.data = values.data();
  };
  const auto number = [&](size_t i) { return ParseDouble(classes[i]).value_or(0); };
  if (labels.type == DataType::kBytes) {
    fill(std::string_view(classes[0]), std::string_view(classes[1]));
  } else if (labels.type == DataType::kInt64) {
    fill(static_cast<int64_t>(number(0)), static_cast<int64_t>(number(1)));
  } else if (labels.type == DataType::kFp64) {
    fill(number(0), number(1));
  } else {
    return Fail(Code::kInternal, "labels of a type that no package has");
  }
  return {};
}

std::unexpected<Error> UnknownOutput(const ServedModel& served, std::string_view name) {
  std::vector<std::string> known;
  for (const TensorSpec& spec : served.engine().outputs()) known.push_back(spec.name);
  return BadCall("unexpected output " + Quoted(name), SuggestName(name, known));
}

}  // namespace quern::serving
