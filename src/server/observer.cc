#include "server/observer.h"

#include "base/hex.h"
#include "serving/call_note.h"

namespace quern::server {
namespace {

constexpr std::string_view kTraceparent = "traceparent";

/// The header that goes back.
std::string_view Echo(const RequestSpan& span, bool sent_on,
                      std::array<char, kTraceparentBytes>& room) {
  TraceContext context = span.context;
  if (sent_on) context.parent = span.id;
  WriteTraceparent(context, room);
  return {room.data(), room.size()};
}

/// A caller's trace when none are sent on.
RequestSpan SpanOf(std::string_view header) {
  RequestSpan span;
  if (const auto context = ParseTraceparent(header)) {
    span.context = *context;
    span.has_parent = true;
  }
  return span;
}

}  // namespace

Result<std::unique_ptr<Observer>> Observer::Make(const std::optional<AccessLogOptions>& access_log,
                                                 const std::optional<TracerOptions>& tracing,
                                                 const Clock& clock) {
  std::unique_ptr<Observer> observer(new Observer(clock));
  if (access_log) {
    QUERN_ASSIGN(observer->access_, AccessLog::Open(*access_log));
  }
  if (tracing) {
    QUERN_ASSIGN(observer->tracer_, Tracer::Start(*tracing));
  }
  return observer;
}

Observer::Inline Observer::Begin(std::string_view traceparent) {
  serving::LastCall().Clear();
  Inline began;
  began.begin = MonotonicSeconds();
  began.span = tracer_ ? tracer_->Begin(traceparent) : SpanOf(traceparent);
  return began;
}

std::string_view Observer::Trace(const Inline& began,
                                 std::array<char, kTraceparentBytes>& room) const {
  if (!tracer_ && !began.span.has_parent) return {};
  return Echo(began.span, tracer_ != nullptr, room);
}

Observer::Inline Observer::Begin(const net::RequestView& request, net::ResponseWriter& out) {
  const Inline began = Begin(request.Find(kTraceparent));
  std::array<char, kTraceparentBytes> room{};
  const std::string_view trace = Trace(began, room);
  if (!trace.empty()) out.AddHeader(kTraceparent, trace);
  return began;
}

void Observer::End(const Inline& began, const net::RequestView& request,
                   const net::ResponseWriter& out) {
  Seen seen;
  seen.method = request.method;
  seen.path = request.path;
  seen.request_id = request.Find("X-Request-Id");
  seen.status = out.status();
  seen.bytes = out.body().size();
  Keep(began, seen, true);
}

void Observer::AfterWakeup(bool kept) {
  if (access_ == nullptr) return;
  if (kept) {
    access_->Release();
  } else {
    access_->Refuse();
  }
}

net::HttpResponse Observer::Watch(const net::HttpRequest& request,
                                  const std::function<net::HttpResponse()>& answer) {
  const Inline began = Begin(request.Find(kTraceparent));
  net::HttpResponse response = answer();
  std::array<char, kTraceparentBytes> room{};
  const std::string_view trace = Trace(began, room);
  if (!trace.empty()) response.headers.push_back({std::string(kTraceparent), std::string(trace)});
  Seen seen;
  seen.method = request.method;
  seen.path = request.path;
  seen.request_id = request.Find("X-Request-Id");
  seen.status = response.status;
  seen.bytes = response.body.size();
  Keep(began, seen, false);
  return response;
}

void Observer::Keep(const Inline& began, const Seen& seen, bool held) {
  const double end = MonotonicSeconds();
  const serving::CallNote& note = serving::LastCall();
  if (tracer_) {
    tracer_->End(began.span,
                 {seen.protocol, seen.method, seen.path, seen.status, seen.code, began.begin, end},
                 note);
  }
  if (access_ == nullptr) return;
  AccessEntry entry;
  entry.time_ms = clock_.NowMs();
  entry.protocol = seen.protocol;
  entry.method = seen.method;
  entry.path = seen.path;
  entry.status = seen.status;
  entry.bytes = seen.bytes;
  entry.seconds = end - began.begin;
  entry.model = note.model;
  entry.version = note.version;
  entry.request_id = note.request_id.empty() ? seen.request_id : note.request_id;
  std::array<char, 32> trace{};
  if (tracer_ || began.span.has_parent) {
    WriteHex(began.span.context.trace.data(), began.span.context.trace.size(), trace.data());
    entry.trace_id = {trace.data(), trace.size()};
  }
  access_->Write(entry, held);
}

}  // namespace quern::server
