#pragma once
// What all event loops of one server share. Thread-safe.
#include <atomic>
#include <condition_variable>
#include <memory>
#include <string_view>

#include "base/mutex.h"
#include "net/http.h"
#include "net/request_head.h"
#include "net/tls.h"
#include "net/worker_pool.h"

namespace quern::net {

class ServerCore {
 public:
  ServerCore(ServerOptions options, Handler handler, ErrorRenderer on_error);

  const ServerOptions& options() const { return options_; }
  WorkerPool& workers() { return workers_; }
  /// Null for a server that speaks plain HTTP. Set before the first connection.
  TlsContext* tls() { return tls_.get(); }
  void set_tls(std::unique_ptr<TlsContext> tls) { tls_ = std::move(tls); }

  /// What the general handler says; what it throws becomes 500, or 503 if memory is short.
  HttpResponse Handle(const HttpRequest& request);
  /// What the body hook says; null if there is none.
  Result<std::shared_ptr<BodySink>> OpenSink(const HttpRequest& head);
  HttpResponse RenderError(int status, std::string_view message);
  /// False if the head must carry a token and does not.
  bool Admits(const RequestHead& head) const;
  /// Requests that the general handler has.
  size_t inflight() const { return inflight_.load(); }

  bool stopping() const { return stopping_.load(); }
  /// True the first time.
  bool BeginStop() { return !stopping_.exchange(true); }

  /// One connection more; false if that is too many (it counts all the same).
  bool Enter();
  void Leave();
  /// Until no connection is left, `seconds` at most.
  void WaitUntilLeft(double seconds);

 private:
  const ServerOptions options_;
  const Handler handler_;
  const ErrorRenderer on_error_;
  WorkerPool workers_;
  std::unique_ptr<TlsContext> tls_;
  std::atomic<size_t> inflight_{0};
  std::atomic<bool> stopping_{false};
  Mutex mutex_;
  std::condition_variable left_;
  size_t connections_ QUERN_GUARDED_BY(mutex_) = 0;
};

}  // namespace quern::net
