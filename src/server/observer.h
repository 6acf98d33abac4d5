#pragma once
// What is written down of each request besides its answer: a line of the access log, and spans.
#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string_view>

#include "base/time.h"
#include "net/http.h"
#include "net/inline.h"
#include "server/access_log.h"
#include "server/tracer.h"

namespace quern::server {

/// Thread-safe. A caller's `traceparent` is given back, with the id of this server's span if traces
/// are sent on.
class Observer {
 public:
  /// Errors of opening the log, or of the tracer's options.
  static Result<std::unique_ptr<Observer>> Make(const std::optional<AccessLogOptions>& access_log,
                                                const std::optional<TracerOptions>& tracing,
                                                const Clock& clock);

  /// A request that an event loop answers; its line is settled by AfterWakeup.
  struct Inline {
    double begin = 0;
    RequestSpan span;
  };
  Inline Begin(const net::RequestView& request, net::ResponseWriter& out);
  void End(const Inline& began, const net::RequestView& request, const net::ResponseWriter& out);
  /// `kept`: the answers of the wake-up go out as they are, or else as 503.
  void AfterWakeup(bool kept);

  /// A request that a worker answers.
  net::HttpResponse Watch(const net::HttpRequest& request,
                          const std::function<net::HttpResponse()>& answer);

  /// A call by another protocol, answered by this thread from Begin to End.
  Inline Begin(std::string_view traceparent);
  /// The `traceparent` that goes back, in `room`; "" if none does.
  std::string_view Trace(const Inline& began, std::array<char, kTraceparentBytes>& room) const;
  struct Seen {
    Protocol protocol = Protocol::kHttp;
    std::string_view method;
    std::string_view path;
    /// Where the call itself had none.
    std::string_view request_id;
    /// HTTP's, of gRPC the one that belongs to its code.
    int status = 0;
    /// gRPC's code.
    int code = 0;
    uint64_t bytes = 0;
  };
  void End(const Inline& began, const Seen& seen) { Keep(began, seen, false); }

  uint64_t lost_access_lines() const { return access_ ? access_->lost_lines() : 0; }
  uint64_t dropped_spans() const { return tracer_ ? tracer_->dropped_spans() : 0; }

 private:
  explicit Observer(const Clock& clock) : clock_(clock) {}
  void Keep(const Inline& began, const Seen& seen, bool held);

  const Clock& clock_;
  std::unique_ptr<AccessLog> access_;
  std::unique_ptr<Tracer> tracer_;
};

}  // namespace quern::server
