#pragma once
// One ModelInfer from its message to its answer.
#include <cstddef>
#include <span>
#include <string_view>

#include "base/arena.h"
#include "base/result.h"
#include "net/inline.h"
#include "server/context.h"
#include "server/grpc/infer_request.h"
#include "serving/gathering.h"

namespace inference {
class ModelInferRequest;
class ModelInferResponse;
}  // namespace inference

namespace quern::server::grpc {

/// When a call came and until when it is worth answering, as MonotonicSeconds(); 0: never.
struct CallTimes {
  double arrived = 0;
  double deadline = 0;
};

/// How a call comes to be answered.
struct Turn {
  CallTimes times;
  /// Of one that was taken in with others (intake.h): what the engine has answered to it.
  const serving::GatheredCall* gathered = nullptr;
  /// Whether this thread may wait for others, to be scored together with them.
  bool may_wait = false;
};

/// One request.
struct Job {
  const ServingContext& context;
  /// gzip or deflate (zlib) or plain.
  std::string_view bytes;
  /// Bytes after decompression; more is kResourceExhausted.
  size_t max_message = 0;
  Turn turn;
  std::span<const net::HeaderView> metadata = {};
};

/// What is kept of a request that was taken in (GatheredCall::request).
struct KeptInfer {
  const ::inference::ModelInferRequest* message = nullptr;
  InferRequest request;
};

/// What a release says of who answered, in the request's arena; "" where none decided.
struct Told {
  std::string_view model;
  std::string_view version;
  std::string_view route;
};

/// ReadInferRequest() with the sooner of the deadlines that the call and its message say.
Result<InferRequest> ReadTimed(const ::inference::ModelInferRequest& message,
                               const CallTimes& times, Arena& arena);

/// Reads `message`, which is the job's, finds the version that a release chooses (key and override
/// are in the metadata), scores, counts, and fills an empty `response`, whose parameter `route` is
/// that of `told`. Errors are those of ReadInferRequest and of InferenceService::Infer. With the
/// parameter `explain`: those of Explain(), and explanations in place of what the model answers
/// (WriteExplanations).
Status Infer(const Job& job, const ::inference::ModelInferRequest& message, Arena& arena,
             ::inference::ModelInferResponse* response, Told* told);

}  // namespace quern::server::grpc
