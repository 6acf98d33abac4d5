#pragma once
// The body of POST /invocations, as MLflow's scoring server (version 3) takes it.
#include <string_view>

#include "base/arena.h"
#include "base/result.h"
#include "serving/inference_call.h"

namespace quern::server::mlflow {

struct ScoringRequest {
  /// Everything but model and version; `id` is our own addition, the top-level key `request_id`.
  serving::InferenceCall call;
  /// A form that MLflow makes a DataFrame of.
  bool table = false;
};

/// An object with exactly one of dataframe_split, dataframe_records, instances, inputs, and perhaps
/// `params`: `threshold` and `probabilities`, or with `explain` those of an explanation. Columns
/// are found by name; further ones are ignored; of a model that does not name its columns they are
/// taken in order. Texts of errors are MLflow's where clients look for them. Allocates from `arena`
/// alone, and points into it and the body.
Result<ScoringRequest> ReadScoringJson(std::string_view body, const serving::ServedModel& served,
                                       Arena& arena);
/// With a header row, as DataFrame.to_csv(index=False) writes, or without one: then the columns
/// are the model's, in order.
Result<ScoringRequest> ReadScoringCsv(std::string_view body, bool has_header,
                                      const serving::ServedModel& served, Arena& arena);

}  // namespace quern::server::mlflow
