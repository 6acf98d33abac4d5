#pragma once
// One ModelInfer from its message to its answer.
#include <span>
#include <string_view>

#include "base/arena.h"
#include "base/result.h"
#include "net/inline.h"
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

/// What a release says of who answered, in the request's arena; "" where none decided.
struct Told {
  std::string_view model;
  std::string_view version;
  std::string_view route;
};

/// Reads, finds the version that a release chooses (key and override are in `metadata`), scores,
/// counts, and fills an empty `response`, whose parameter `route` is that of `told`. Errors are
/// those of ReadInferRequest and of InferenceService::Infer. With the parameter `explain`: those of
/// Explain(), and explanations in place of what the model answers (WriteExplanations).
Status Infer(const ServingContext& context, const ::inference::ModelInferRequest& request,
             const CallTimes& times, std::span<const net::HeaderView> metadata, Arena& arena,
             ::inference::ModelInferResponse* response, Told* told);

}  // namespace quern::server::grpc
