#include "server/span_record.h"

#include <algorithm>

#include "base/hex.h"
#include "base/text.h"
#include "serving/json_text.h"

namespace quern::server {
namespace {

using serving::AppendJsonInt;
using serving::AppendJsonText;

// opentelemetry.proto.trace.v1: SpanKind and Status.StatusCode.
constexpr int kInternal = 1;
constexpr int kServer = 2;
constexpr int kStatusError = 2;

/// A text that was cut may end within a character.
void AppendCut(std::string* out, std::string_view text) {
  if (const auto broken = FindInvalidUtf8(text)) text = text.substr(0, *broken);
  AppendJsonText(out, text);
}

template <size_t N>
void AppendHex(std::string* out, std::string_view key, const std::array<uint8_t, N>& bytes) {
  std::array<char, 2 * N> text{};
  WriteHex(bytes.data(), N, text.data());
  out->append("\"").append(key).append("\":\"").append(text.data(), text.size()).append("\",");
}

/// 64-bit integers are texts in OTLP's JSON.
void AppendNanos(std::string* out, std::string_view key, int64_t nanos) {
  out->append("\"").append(key).append("\":\"");
  AppendJsonInt(out, nanos);
  out->append("\",");
}

struct SpanText {
  const TraceId& trace;
  const SpanId& id;
  const SpanId* parent;
  int kind;
  int64_t begin;
  int64_t end;
};

/// Up to its name.
void OpenSpan(std::string* out, const SpanText& span) {
  out->append("{");
  AppendHex(out, "traceId", span.trace);
  AppendHex(out, "spanId", span.id);
  if (span.parent != nullptr) AppendHex(out, "parentSpanId", *span.parent);
  out->append("\"kind\":");
  AppendJsonInt(out, span.kind);
  out->append(",");
  AppendNanos(out, "startTimeUnixNano", span.begin);
  AppendNanos(out, "endTimeUnixNano", span.end);
  out->append("\"name\":");
}

void AppendAttribute(std::string* out, std::string_view key, std::string_view text) {
  if (text.empty()) return;
  if (out->back() != '[') out->append(",");
  out->append("{\"key\":\"").append(key).append("\",\"value\":{\"stringValue\":");
  AppendCut(out, text);
  out->append("}}");
}

void AppendAttribute(std::string* out, std::string_view key, int64_t number) {
  if (out->back() != '[') out->append(",");
  out->append("{\"key\":\"").append(key).append("\",\"value\":{\"intValue\":\"");
  AppendJsonInt(out, number);
  out->append("\"}}");
}

/// Name and attributes of a call of gRPC, whose path is "/SERVICE/METHOD".
void AppendCall(std::string* out, const Tracer::Record& r) {
  const std::string_view name = r.path.view().substr(1);
  const size_t slash = std::min(name.find('/'), name.size() - 1);
  AppendCut(out, name);
  out->append(",\"attributes\":[");
  AppendAttribute(out, "rpc.system", "grpc");
  AppendAttribute(out, "rpc.service", name.substr(0, slash));
  AppendAttribute(out, "rpc.method", name.substr(slash + 1));
  AppendAttribute(out, "rpc.grpc.status_code", r.code);
}

void AppendRequest(std::string* out, const Tracer::Record& r) {
  OpenSpan(out, {r.span.context.trace, r.span.id,
                 r.span.has_parent ? &r.span.context.parent : nullptr, kServer, r.begin, r.end});
  // Names of OpenTelemetry's semantic conventions for HTTP and RPC; ours begin with "quern.".
  if (r.protocol == Protocol::kGrpc) {
    AppendCall(out, r);
  } else {
    AppendCut(out, std::string(r.method.view()) + " " + std::string(r.path.view()));
    out->append(",\"attributes\":[");
    AppendAttribute(out, "http.request.method", r.method.view());
    AppendAttribute(out, "url.path", r.path.view());
    AppendAttribute(out, "http.response.status_code", r.status);
  }
  if (r.called) {
    AppendAttribute(out, "quern.model", r.model.view());
    AppendAttribute(out, "quern.version", r.version.view());
    AppendAttribute(out, "quern.request_id", r.request_id.view());
    AppendAttribute(out, "quern.rows", static_cast<int64_t>(r.rows));
  }
  out->append("],\"status\":{");
  if (r.status >= 500) out->append("\"code\":").append(std::to_string(kStatusError));
  out->append("}}");
}

}  // namespace

std::string OtlpJson(std::span<const Tracer::Record> records, std::string_view service) {
  std::string out = R"({"resourceSpans":[{"resource":{"attributes":[)";
  AppendAttribute(&out, "service.name", service);
  AppendAttribute(&out, "service.version", QUERN_VERSION);
  out.append(R"(]},"scopeSpans":[{"scope":{"name":"quern.serving"},"spans":[)");
  constexpr std::array<std::string_view, 3> kNames = {"parse", "infer", "log"};
  bool first = true;
  for (const Tracer::Record& record : records) {
    if (!first) out.append(",");
    first = false;
    AppendRequest(&out, record);
    for (size_t i = 0; record.called && i < kNames.size(); ++i) {
      // Parsing begins with the request: what comes before the call is the front reading it.
      out.append(",");
      OpenSpan(&out, {record.span.context.trace, record.children[i], &record.span.id, kInternal,
                      i == 0 ? record.begin : record.call[i], record.call[i + 1]});
      out.append("\"").append(kNames[i]).append("\",\"status\":{}}");
    }
  }
  return out + "]}]}]}";
}

}  // namespace quern::server
