#pragma once
// The bodies of :predict, :classify and :regress: TensorFlow Serving's REST interface, whose
// :predict is KServe's version 1 too.
#include <string_view>

#include "base/arena.h"
#include "base/result.h"
#include "serving/inference_call.h"

namespace quern::server::tfs {

struct PredictRequest {
  serving::InferenceCall call;
  /// `instances` was sent, not `inputs`: the answer goes row by row.
  bool by_row = true;
};

/// An object with exactly one of `instances` and `inputs`; `signature_name` may be
/// "serving_default", `parameters` is an object of texts, numbers and booleans, of which `explain`
/// is left out, and `request_id` is our own addition: the call's `id`. What else stands there is
/// passed over. Allocates from `arena` alone.
Result<PredictRequest> ReadPredict(std::string_view body, const serving::ServedModel& served,
                                   Arena& arena);
/// {"examples": [{feature: value}], "context"?: {feature: value}}: what the context holds is the
/// same in every example. `request_id` as above.
Result<PredictRequest> ReadExamples(std::string_view body, const serving::ServedModel& served,
                                    Arena& arena);

}  // namespace quern::server::tfs
