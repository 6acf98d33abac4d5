#include "server/grpc/infer.h"

#include <algorithm>

#include "inference/inference.pb.h"
#include "server/explaining.h"
#include "server/grpc/infer_response.h"

namespace quern::server::grpc {
namespace {

/// As it was kept when the call was taken in, else anew.
Result<InferRequest> Read(const Job& job, const ::inference::ModelInferRequest& message,
                          Arena& arena) {
  const Turn& turn = job.turn;
  Result<InferRequest> request =
      turn.gathered != nullptr ? static_cast<const KeptInfer*>(turn.gathered->request)->request
                               : ReadTimed(message, turn.times, arena);
  if (request) {
    request->call.gathered = turn.gathered;
    request->call.may_wait = turn.may_wait;
  }
  return request;
}

Status Answer(const Job& job, const serving::ServedModelPtr& served, const Routed& routed,
              const ::inference::ModelInferRequest& message, Arena& arena,
              ::inference::ModelInferResponse* response) {
  QUERN_ASSIGN(InferRequest request, Read(job, message, arena));
  QUERN_ASSIGN(const serving::InferenceAnswer answer,
               InferRouted(job.context, served, request.call, routed, arena));
  WriteInferResponse(request.call, answer, response);
  return {};
}

Told TellOf(const serving::ServedModel& served, const Routed& routed, Arena& arena) {
  if (routed.controller == nullptr) return {};
  return {arena.Copy(served.name()), routed.route.version, routed.text};
}

void WriteRoute(const Told& told, ::inference::ModelInferResponse* response) {
  if (told.route.empty()) return;
  (*response->mutable_parameters())["route"].set_string_param(std::string(told.route));
}

/// Reads the parameter as ReadInferRequest does; what is wrong with it is said there.
bool AsksForExplanations(const ::inference::ModelInferRequest& message) {
  const auto found = message.parameters().find(std::string(kExplainParameter));
  return found != message.parameters().end() && found->second.bool_param();
}

Status Explain(const Job& job, const ::inference::ModelInferRequest& message,
               const net::RequestView& headers, Arena& arena,
               ::inference::ModelInferResponse* response, Told* told) {
  serving::InferenceCall call;
  const Explained explained = ExplainRouted(
      job.context, message.model_name(), message.model_version(), headers, arena,
      [&](const serving::ServedModel&) -> Result<serving::InferenceCall> {
        QUERN_ASSIGN(const InferRequest request, ReadTimed(message, job.turn.times, arena));
        call = request.call;
        return call;
      });
  if (explained.served != nullptr) *told = TellOf(*explained.served, explained.routed, arena);
  if (!explained.explanation) return std::unexpected(explained.explanation.error());
  WriteExplanations(call, *explained.explanation, response);
  return {};
}

}  // namespace

Result<InferRequest> ReadTimed(const ::inference::ModelInferRequest& message,
                               const CallTimes& times, Arena& arena) {
  QUERN_ASSIGN(InferRequest request, ReadInferRequest(message, arena));
  request.call.arrived = times.arrived;
  request.call.deadline = times.deadline;
  if (request.timeout > 0) {
    const double end = times.arrived + request.timeout;
    request.call.deadline = times.deadline > 0 ? std::min(times.deadline, end) : end;
  }
  return request;
}

Status Infer(const Job& job, const ::inference::ModelInferRequest& message, Arena& arena,
             ::inference::ModelInferResponse* response, Told* told) {
  const double begin = job.turn.times.arrived;
  net::RequestView headers;
  headers.headers = job.metadata;
  if (AsksForExplanations(message)) {
    const Status explained = Explain(job, message, headers, arena, response, told);
    if (explained) WriteRoute(*told, response);
    return explained;
  }
  auto score = [&](const serving::ServedModelPtr& served, const Routed& routed) {
    response->Clear();
    return Answer(job, served, routed, message, arena, response);
  };
  auto field = [&](const serving::ServedModelPtr& /*served*/, std::string_view wanted) {
    const auto read = ReadInferRequest(message, arena);
    return read ? KeyText(read->call, wanted, arena) : std::string_view();
  };
  ScorerOf scorer(score, field);
  const Scored scored = ScoreRouted(job.context, message.model_name(), message.model_version(),
                                    headers, arena, scorer);
  const int code = scored.status ? 200 : HttpStatus(scored.status.error().code);
  if (scored.served == nullptr) {
    job.context.metrics.Unserved(code, MonotonicSeconds() - begin);
    return scored.status;
  }
  *told = TellOf(*scored.served, scored.routed, arena);
  if (scored.status) WriteRoute(*told, response);
  scored.served->metrics().Request(code, MonotonicSeconds() - begin);
  return scored.status;
}

}  // namespace quern::server::grpc
