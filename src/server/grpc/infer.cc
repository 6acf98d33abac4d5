#include "server/grpc/infer.h"

#include <algorithm>

#include "inference/inference.pb.h"
#include "server/grpc/infer_request.h"
#include "server/grpc/infer_response.h"

namespace quern::server::grpc {
namespace {

Status Answer(const ServingContext& context, const serving::ServedModelPtr& served,
              const ::inference::ModelInferRequest& message, const CallTimes& times, Arena& arena,
              ::inference::ModelInferResponse* response) {
  const double begin = MonotonicSeconds();
  QUERN_ASSIGN(InferRequest request, ReadInferRequest(message, arena));
  request.call.arrived = times.arrived;
  request.call.deadline = times.deadline;
  if (request.timeout > 0) {
    const double end = (times.arrived > 0 ? times.arrived : begin) + request.timeout;
    request.call.deadline = times.deadline > 0 ? std::min(times.deadline, end) : end;
  }
  QUERN_ASSIGN(const serving::InferenceAnswer answer,
               context.inference.Infer(served, request.call, arena));
  WriteInferResponse(request.call, answer, response);
  return {};
}

}  // namespace

Status Infer(const ServingContext& context, const ::inference::ModelInferRequest& request,
             const CallTimes& times, Arena& arena, ::inference::ModelInferResponse* response) {
  const double begin = times.arrived > 0 ? times.arrived : MonotonicSeconds();
  auto served = context.inference.Find(request.model_name(), request.model_version());
  if (!served) {
    context.metrics.Unserved(HttpStatus(served.error().code), MonotonicSeconds() - begin);
    return std::unexpected(std::move(served).error());
  }
  Status status = Answer(context, *served, request, times, arena, response);
  (*served)->metrics().Request(status ? 200 : HttpStatus(status.error().code),
                               MonotonicSeconds() - begin);
  return status;
}

}  // namespace quern::server::grpc
