#include "server/observer.h"

#include <array>

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

struct Observer::Seen {
  std::string_view method;
  std::string_view path;
  std::string_view request_id;
  int status = 0;
  uint64_t bytes = 0;
  double begin = 0;
};

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

Observer::Inline Observer::Begin(const net::RequestView& request, net::ResponseWriter& out) {
  serving::LastCall().Clear();
  Inline began;
  began.begin = MonotonicSeconds();
  const std::string_view header = request.Find(kTraceparent);
  began.span = tracer_ ? tracer_->Begin(header) : SpanOf(header);
  if (tracer_ || began.span.has_parent) {
    std::array<char, kTraceparentBytes> room{};
    out.AddHeader(kTraceparent, Echo(began.span, tracer_ != nullptr, room));
  }
  return began;
}

void Observer::End(const Inline& began, const net::RequestView& request,
                   const net::ResponseWriter& out) {
  Keep(began.span,
       {request.method, request.path, request.Find("X-Request-Id"), out.status(), out.body().size(),
        began.begin},
       true);
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
  serving::LastCall().Clear();
  const double begin = MonotonicSeconds();
  const std::string_view header = request.Find(kTraceparent);
  const RequestSpan span = tracer_ ? tracer_->Begin(header) : SpanOf(header);
  net::HttpResponse response = answer();
  if (tracer_ || span.has_parent) {
    std::array<char, kTraceparentBytes> room{};
    response.headers.push_back(
        {std::string(kTraceparent), std::string(Echo(span, tracer_ != nullptr, room))});
  }
  Keep(span,
       {request.method, request.path, request.Find("X-Request-Id"), response.status,
        response.body.size(), begin},
       false);
  return response;
}

void Observer::Keep(const RequestSpan& span, const Seen& seen, bool held) {
  const double end = MonotonicSeconds();
  const serving::CallNote& note = serving::LastCall();
  if (tracer_) tracer_->End(span, {seen.method, seen.path, seen.status, seen.begin, end}, note);
  if (access_ == nullptr) return;
  AccessEntry entry;
  entry.time_ms = clock_.NowMs();
  entry.method = seen.method;
  entry.path = seen.path;
  entry.status = seen.status;
  entry.bytes = seen.bytes;
  entry.seconds = end - seen.begin;
  entry.model = note.model;
  entry.version = note.version;
  entry.request_id = note.request_id.empty() ? seen.request_id : note.request_id;
  std::array<char, 32> trace{};
  if (tracer_ || span.has_parent) {
    WriteHex(span.context.trace, trace.data());
    entry.trace_id = {trace.data(), trace.size()};
  }
  access_->Write(entry, held);
}

}  // namespace quern::server
