#pragma once
// Spans of the requests that are sampled, sent to an OpenTelemetry collector by OTLP over HTTP in
// JSON.
#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "base/mutex.h"
#include "base/per_thread.h"
#include "base/result.h"
#include "base/seldom.h"
#include "server/protocol.h"
#include "server/trace_context.h"
#include "serving/call_note.h"

namespace quern::server {

struct TracerOptions {
  /// "http://127.0.0.1:4318": spans go to ENDPOINT/v1/traces.
  std::string endpoint;
  /// Of the requests that bring no trace of their own; those that do say whether they are sampled.
  double share = 1;
  /// The resource's `service.name`.
  std::string service = "quern";
  double flush_seconds = 1;
};

/// A request's place in its trace.
struct RequestSpan {
  TraceContext context;  // of the caller, or of a new trace
  bool has_parent = false;
  SpanId id{};
};

/// Thread-safe. A thread's spans wait in a queue of its own, which is bounded: what does not fit is
/// dropped and counted. A thread of the tracer's sends them once a second, and when it ends.
class Tracer {
 public:
  /// kInvalidArgument for an endpoint that is no http(s) URL or a share outside of 0 to 1.
  static Result<std::unique_ptr<Tracer>> Start(TracerOptions options);
  /// Sends what is left, if the collector answers soon.
  ~Tracer();
  Tracer(const Tracer&) = delete;
  Tracer& operator=(const Tracer&) = delete;

  /// `traceparent`: the header's value, or "".
  RequestSpan Begin(std::string_view traceparent);
  struct Ended {
    Protocol protocol = Protocol::kHttp;
    std::string_view method;
    std::string_view path;
    int status = 0;
    int code = 0;      // of gRPC
    double begin = 0;  // MonotonicSeconds()
    double end = 0;
  };
  /// Keeps the request's span, and one each for parsing, inference and logging if a model was
  /// called; nothing if it is not sampled.
  void End(const RequestSpan& span, const Ended& ended, const serving::CallNote& note);

  uint64_t dropped_spans() const { return dropped_.load(std::memory_order_relaxed); }

  struct Record;

 private:
  struct Lane;
  explicit Tracer(TracerOptions options);
  void Run();
  void Send(std::vector<Record>& records);

  const TracerOptions options_;
  std::atomic<uint64_t> dropped_{0};
  Seldom told_{60};  // seconds between failures to send
  Mutex mutex_;
  std::condition_variable wake_;
  bool stop_ QUERN_GUARDED_BY(mutex_) = false;
  PerThread<Lane> lanes_;
  std::thread thread_;
};

}  // namespace quern::server
