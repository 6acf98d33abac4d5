#include "server/oip/infer.h"

#include <algorithm>
#include <charconv>
#include <optional>

#include "base/text.h"
#include "server/explaining.h"
#include "server/http/respond.h"
#include "server/oip/infer_request.h"
#include "server/oip/infer_response.h"
#include "serving/json_text.h"

namespace quern::server::oip {
namespace {

constexpr std::string_view kLengthHeader = "Inference-Header-Content-Length";

/// The length of the JSON at the start of the body; nothing if the body is JSON alone.
Result<std::optional<size_t>> HeaderLength(const net::RequestView& request) {
  const std::string_view header = request.Find(kLengthHeader);
  if (header.empty()) return std::optional<size_t>();
  const auto length = ParseInt(header);
  if (!length || *length < 0 || static_cast<uint64_t>(*length) > request.body.size()) {
    return Fail(Code::kInvalidArgument, "inference header size should be in range [0, " +
                                            std::to_string(request.body.size()) + "], got " +
                                            Printable(header));
  }
  return std::optional<size_t>(static_cast<size_t>(*length));
}

Result<InferRequest> Read(const serving::ServedModel& served, const Exchange& exchange) {
  const net::RequestView& request = exchange.request;
  QUERN_ASSIGN(const std::optional<size_t> length, HeaderLength(request));
  if (!length) return ReadInferRequest(request.body, {}, exchange.arena);
  if (*length == 0) return ReadRawRequest(served, request.body, exchange.arena);
  return ReadInferRequest(request.body.substr(0, *length), request.body.substr(*length),
                          exchange.arena);
}

bool IsReadable(const net::RequestView& request) {
  return !request.Find(kLengthHeader).empty() || IsJson(request.Find("Content-Type"));
}

/// 415 if the body is said to be something else than this protocol's; else nothing is written.
bool RefuseType(const Exchange& exchange) {
  if (IsReadable(exchange.request)) return false;
  exchange.out.SetStatus(415);
  exchange.out.body() =
      net::RenderJsonError(415, "Content-Type '" +
                                    Printable(exchange.request.Find("Content-Type")) +
                                    "' is not supported: send application/json in UTF-8")
          .body;
  return true;
}

/// The body, with the sooner of the deadlines that header and body say; 0 if neither says anything.
Result<InferRequest> ReadWithDeadline(const serving::ServedModel& served,
                                      const Exchange& exchange) {
  const double begin = MonotonicSeconds();
  QUERN_ASSIGN(const double deadline, ReadDeadline(exchange.request));
  QUERN_ASSIGN(InferRequest request, Read(served, exchange));
  const double own = begin + request.timeout;
  const bool sooner = request.timeout > 0 && (deadline == 0 || own < deadline);
  request.call.deadline = sooner ? own : deadline;
  return request;
}

Result<InferRequest> ReadTimed(const serving::ServedModel& served, const Exchange& exchange) {
  return exchange.ReadOnce<InferRequest>(served,
                                         [&] { return ReadWithDeadline(served, exchange); });
}

Status Answer(const ServingContext& context, const serving::ServedModelPtr& served,
              const Routed& routed, const Exchange& exchange) {
  if (RefuseType(exchange)) return {};
  QUERN_ASSIGN(InferRequest request, ReadTimed(*served, exchange));
  QUERN_ASSIGN(const serving::InferenceAnswer answer,
               InferRouted(context, served, request.call, routed, exchange.arena));
  QUERN_ASSIGN(const size_t json, WriteInferResponse(request, answer, &exchange.out.body()));
  if (json > 0) {
    char text[24];
    const auto end = std::to_chars(text, text + sizeof text, json).ptr;
    exchange.out.SetContentType("application/octet-stream");
    exchange.out.AddHeader(kLengthHeader, {text, static_cast<size_t>(end - text)});
  }
  CompressAnswer(exchange);
  return {};
}

/// What is wrong with the request is said by who reads it for an answer.
bool AsksForExplanations(const Exchange& exchange) {
  // What may ask so is never answered where nobody may wait (serve.cc).
  if (!exchange.may_wait || !MayAskForExplanations(exchange.request.body)) return false;
  const auto length = HeaderLength(exchange.request);
  if (!length || *length == size_t{0}) return false;
  const size_t json = length->value_or(exchange.request.body.size());
  const auto request = ReadInferRequest(exchange.request.body.substr(0, json),
                                        exchange.request.body.substr(json), exchange.arena);
  return request && request->explain;
}

/// Takes `part` and the slash behind it off the front; the whole rest if there is no slash.
std::string_view TakePart(std::string_view* path) {
  const size_t slash = path->find('/');
  const std::string_view part = path->substr(0, slash);
  path->remove_prefix(slash == std::string_view::npos ? path->size() : slash + 1);
  return part;
}

}  // namespace

bool MatchInfer(std::string_view path, std::string_view* name, std::string_view* version) {
  constexpr std::string_view kPrefix = "/v2/models/";
  if (!path.starts_with(kPrefix) || path.find('%') != std::string_view::npos) return false;
  path.remove_prefix(kPrefix.size());
  *name = TakePart(&path);
  *version = {};
  if (name->empty()) return false;
  if (path.starts_with("versions/")) {
    path.remove_prefix(9);
    *version = TakePart(&path);
    if (version->empty()) return false;
  }
  return path == "infer";
}

Result<ReadAhead> ReadCall(const serving::ServedModel& served, const Exchange& exchange) {
  if (!IsReadable(exchange.request)) return Fail(Code::kInvalidArgument, "no inference request");
  QUERN_ASSIGN(const InferRequest request, ReadTimed(served, exchange));
  return exchange.Keep(request);
}

void Infer(const ServingContext& context, std::string_view name, std::string_view version,
           const Exchange& exchange) {
  if (AsksForExplanations(exchange)) return Explain(context, name, version, exchange);
  AnswerScoring(
      context, name, version, exchange,
      [&](const serving::ServedModelPtr& served, const Routed& routed) {
        return Answer(context, served, routed, exchange);
      },
      [&](const Error& error) { WriteError(error, exchange.out); },
      [&](const serving::ServedModelPtr& served, std::string_view field) {
        const auto request = Read(*served, exchange);
        return request ? KeyText(request->call, field, exchange.arena) : std::string_view();
      });
}

void Explain(const ServingContext& context, std::string_view name, std::string_view version,
             const Exchange& exchange) {
  const double begin = MonotonicSeconds();
  if (RefuseType(exchange)) {
    context.metrics.Unserved(exchange.out.status(), MonotonicSeconds() - begin);
    return;
  }
  std::optional<std::string_view> id;
  AnswerExplain(
      context, name, version, exchange,
      [&](const serving::ServedModel& served) -> Result<serving::InferenceCall> {
        QUERN_ASSIGN(const InferRequest request, ReadWithDeadline(served, exchange));
        id = request.call.id;
        return request.call;
      },
      [&](const serving::Explanation& explained, std::string* out) {
        out->append("\"model_name\":");
        serving::AppendJsonText(out, explained.model->name());
        out->append(",\"model_version\":");
        serving::AppendJsonText(out, explained.model->version());
        if (id) {
          out->append(",\"id\":");
          serving::AppendJsonText(out, *id);
        }
        out->push_back(',');
      });
}

}  // namespace quern::server::oip
