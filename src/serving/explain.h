#pragma once
// Which columns speak for an answer, and how much: Shapley values (model/shapley.h) of a served
// model's score against its background rows.
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "base/arena.h"
#include "base/result.h"
#include "serving/background.h"
#include "serving/inference_call.h"
#include "serving/served_model.h"

namespace quern::serving {

/// What one call may ask for.
inline constexpr size_t kMaxExplainedRows = 100;
inline constexpr size_t kMaxEvaluations = 1'000'000;      // for one row
inline constexpr size_t kMaxAllEvaluations = 10'000'000;  // rows x evaluations

struct ExplainOptions {
  /// Contributions of a row that are listed, the strongest first; 0 = all.
  size_t top = 0;
  /// Mixed rows that may be scored for one row; more is more exact.
  size_t max_evaluations = 20'000;
  uint64_t seed = 0;
  /// Of classifiers: contributions to ln(p / (1-p)) in place of p, which is kept
  /// `kLeastProbability` away from 0 and 1: forests answer these too.
  bool log_odds = false;
};
inline constexpr double kLeastProbability = 1e-6;

/// `top`, `max_evaluations`, `seed` and `scale` ("score" or "log_odds"). kInvalidArgument for
/// another name, or a value out of range.
Result<ExplainOptions> ReadExplainOptions(std::span<const Parameter> parameters);

struct Reason {
  size_t column = 0;
  double contribution = 0;
  double standard_error = 0;  // model/shapley.h
};

struct RowExplanation {
  /// Position of the score that is explained among the row's scores: of two the second, else the
  /// largest. Nothing for a model of one score, as regression.
  std::optional<size_t> class_index;
  double score = 0;
  double base_value = 0;  // mean score of the background rows that were used
  /// The strongest first, of equal strength in the order of the columns.
  std::vector<Reason> reasons;
  /// Of the columns that are not listed.
  size_t rest_columns = 0;
  double rest = 0;
  size_t background_rows = 0;
  size_t evaluations = 0;
  bool exact = true;
};

struct Explanation {
  ServedModelPtr model;
  /// The rows as the engine took them, and its decisions if it makes any; in the call's arena.
  BoundInputs inputs;
  const TensorView* labels = nullptr;
  Background::Source source = Background::Source::kTraining;
  std::vector<RowExplanation> rows;
};

/// Explains each row of a call by the model that was found for it. Nothing is logged: an
/// explanation is no prediction. Looks at the call's deadline before each block of evaluations.
/// kInvalidArgument: the inputs (as InferenceService::Infer), too many rows or evaluations, a model
/// without background rows, scores or a table; kDeadlineExceeded; kInternal: of the engine.
Result<Explanation> Explain(ServedModelPtr served, const InferenceCall& call,
                            const ExplainOptions& options, Arena& arena);

/// "age"; "column 3" where the model does not name its columns.
std::string ColumnName(const ServedModel& served, size_t column);

}  // namespace quern::serving
