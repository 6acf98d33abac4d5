#pragma once
// ModelInferRequest as a call of the serving core.
#include <cstddef>

#include "base/arena.h"
#include "base/result.h"
#include "serving/inference_call.h"

namespace inference {
class ModelInferRequest;
}

namespace quern::server::grpc {

struct InferRequest {
  serving::InferenceCall call;
  /// The request's own `timeout` in seconds; 0 = none.
  double timeout = 0;
  /// Explanations are asked for, in place of predictions.
  bool explain = false;
};

/// Everything points into `message` or lies in `arena`. Values are taken where they lie if they
/// have the type that they are declared with. Parameters that the protocol gives a meaning are
/// taken out of `call.parameters`: of the request `content_type` (pd, np, str) `timeout`
/// (microseconds) and `explain`, of an input `content_type` (np, pd, str, base64, datetime).
/// kInvalidArgument, naming the input: values both raw and typed, more or fewer than the shape
/// says, beyond the datatype, an unknown datatype; kUnimplemented: shared memory, classification.
Result<InferRequest> ReadInferRequest(const ::inference::ModelInferRequest& message, Arena& arena);

}  // namespace quern::server::grpc
