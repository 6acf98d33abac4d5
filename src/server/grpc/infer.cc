#include "server/grpc/infer.h"

#include <algorithm>

#include "inference/inference.pb.h"
#include "server/grpc/infer_request.h"
#include "server/grpc/infer_response.h"

namespace quern::server::grpc {
namespace {

Status Answer(const ServingContext& context, const serving::ServedModelPtr& served,
              const Routed& routed, const ::inference::ModelInferRequest& message,
              const CallTimes& times, Arena& arena, ::inference::ModelInferResponse* response) {
  const double begin = MonotonicSeconds();
  QUERN_ASSIGN(InferRequest request, ReadInferRequest(message, arena));
  request.call.arrived = times.arrived;
  request.call.deadline = times.deadline;
  if (request.timeout > 0) {
    const double end = (times.arrived > 0 ? times.arrived : begin) + request.timeout;
    request.call.deadline = times.deadline > 0 ? std::min(times.deadline, end) : end;
  }
  QUERN_ASSIGN(const serving::InferenceAnswer answer,
               InferRouted(context, served, request.call, routed, arena));
  WriteInferResponse(request.call, answer, response);
  return {};
}

}  // namespace

Status Infer(const ServingContext& context, const ::inference::ModelInferRequest& request,
             const CallTimes& times, std::span<const net::HeaderView> metadata, Arena& arena,
             ::inference::ModelInferResponse* response, Told* told) {
  const double begin = times.arrived > 0 ? times.arrived : MonotonicSeconds();
  net::RequestView headers;
  headers.headers = metadata;
  auto score = [&](const serving::ServedModelPtr& served, const Routed& routed) {
    response->Clear();
    return Answer(context, served, routed, request, times, arena, response);
  };
  auto field = [&](const serving::ServedModelPtr& /*served*/, std::string_view wanted) {
    const auto read = ReadInferRequest(request, arena);
    return read ? KeyText(read->call, wanted, arena) : std::string_view();
  };
  ScorerOf scorer(score, field);
  const Scored scored =
      ScoreRouted(context, request.model_name(), request.model_version(), headers, arena, scorer);
  const int code = scored.status ? 200 : HttpStatus(scored.status.error().code);
  if (scored.served == nullptr) {
    context.metrics.Unserved(code, MonotonicSeconds() - begin);
    return scored.status;
  }
  if (scored.routed.controller != nullptr) {
    *told = {arena.Copy(scored.served->name()), scored.routed.route.version, scored.routed.text};
    if (scored.status) {
      (*response->mutable_parameters())["route"].set_string_param(std::string(told->route));
    }
  }
  scored.served->metrics().Request(code, MonotonicSeconds() - begin);
  return scored.status;
}

}  // namespace quern::server::grpc
