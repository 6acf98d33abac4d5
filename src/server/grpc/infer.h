#pragma once
// One ModelInfer from its message to its answer.
#include "base/arena.h"
#include "base/result.h"
#include "server/context.h"

namespace inference {
class ModelInferRequest;
class ModelInferResponse;
}  // namespace inference

namespace quern::server::grpc {

/// When a call came and until when it is worth answering, as MonotonicSeconds(); 0: at once, never.
struct CallTimes {
  double arrived = 0;
  double deadline = 0;
};

/// Reads, scores, counts, and fills an empty `response`. Errors are those of ReadInferRequest and
/// of InferenceService::Infer.
Status Infer(const ServingContext& context, const ::inference::ModelInferRequest& request,
             const CallTimes& times, Arena& arena, ::inference::ModelInferResponse* response);

}  // namespace quern::server::grpc
