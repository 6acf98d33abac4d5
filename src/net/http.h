#pragma once
// HTTP/1.1 as the rest of the program sees it: plain requests and responses, a server and its
// limits.
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "net/body_sink.h"
#include "net/file_body.h"
#include "net/inline.h"

namespace quern::net {

struct Header {
  std::string name;
  std::string value;
};

/// The value of the first header of that name (any case), or "".
std::string_view FindHeader(const std::vector<Header>& headers, std::string_view name);

struct HttpRequest {
  std::string method = "GET";
  /// As sent, without the query: still percent-encoded.
  std::string path = "/";
  /// `path` split at '/', each part decoded exactly once: "/v2/a%2Fb" is {"v2", "a/b"}. Filled by
  /// the server; the client ignores it.
  std::vector<std::string> segments;
  /// What stood after '?', undecoded.
  std::string query;
  std::vector<Header> headers;
  /// Decompressed, if it came with `Content-Encoding: gzip` or `deflate`.
  std::string body;
  /// Took the body, if ServerOptions::body_hook gave one; `body` is then empty.
  std::shared_ptr<BodySink> sink;
  /// Why the hook or the sink did not take the whole body; the handler answers it.
  std::optional<Error> body_error;

  std::string_view Find(std::string_view name) const { return FindHeader(headers, name); }
};

struct HttpResponse {
  int status = 200;
  std::string content_type = "application/json";
  /// Besides Content-Type, Content-Length, Date and Connection, which the server writes.
  std::vector<Header> headers;
  std::string body;
  /// Instead of `body`.
  std::shared_ptr<const FileBody> file;

  std::string_view Find(std::string_view name) const { return FindHeader(headers, name); }
};

/// Called on one of the server's handler threads, several at once: it must be thread-safe, and may
/// block.
using Handler = std::function<HttpResponse(const HttpRequest&)>;

/// Answers what never reached the handler: a malformed or oversized request, too many connections.
/// The default is `{"error": message}`.
using ErrorRenderer = std::function<HttpResponse(int status, std::string_view message)>;
HttpResponse RenderJsonError(int status, std::string_view message);

struct ServerOptions {
  /// Numeric address; the default is reachable from this machine alone.
  std::string host = "127.0.0.1";
  /// 0 takes a free port.
  uint16_t port = 0;
  /// Threads that run the handler; 0 = 4, or twice the cores if that is more.
  size_t threads = 0;
  /// Threads that read, write and run the inline handler, each with its own connections; 0 = cores.
  size_t loops = 0;
  /// Requests that wait for a handler thread; one more is answered 503 with Retry-After.
  size_t max_queued = 4096;
  /// Bytes of a request's body, before and after decompression; more is 413.
  uint64_t max_body = 32u << 20;
  /// Bytes of request line and headers together; more is 431.
  size_t max_header = 16u << 10;
  /// Connections open at once; one more is answered 503 and closed.
  size_t max_connections = 1024;
  /// Seconds for a whole header, for a whole body, and of silence between requests; then the
  /// connection is closed without an answer.
  double header_timeout = 10;
  double body_timeout = 60;
  double idle_timeout = 75;
  /// Seconds that a client may take to receive a response.
  double write_timeout = 60;
  /// Seconds without a byte of a body on its way into a sink, or of a file on its way out.
  double stall_timeout = 60;
  /// Seconds that Stop() waits for requests in flight.
  double drain_timeout = 20;
  /// Which requests' bodies are streamed, and where; null streams none.
  BodyHook body_hook;
  /// Asked first, on an event loop's thread, for every request whose body lies in memory (not in a
  /// sink) and is at most `inline_max_body` bytes, sent and decompressed; null answers none.
  InlineHandler inline_handler;
  AfterWakeup after_wakeup;
  uint64_t inline_max_body = 1u << 20;
  /// Seconds that a request waits to be asked again (ResponseWriter::AskAgain) for others that may
  /// come meanwhile, unless `again_most` wait on its loop; 0: it waits for nothing.
  double again_delay = 0;
  size_t again_most = 256;
  /// Called on the loop's thread before requests are asked again, and after: what came in between
  /// the two for the first time must not wait for them. Null: nothing is.
  std::function<void(size_t loop)> before_again;
  std::function<void(size_t loop)> after_again;
  /// PEM files, both or neither: HTTPS (TLS 1.2 or later) instead of HTTP. Read again when they
  /// change.
  std::string tls_certificate;
  std::string tls_key;
  /// If there are any, a request has to carry one of them (`Authorization: Bearer TOKEN`), or it is
  /// answered 401 before its body is read; but not at these paths.
  std::vector<std::string> bearer_tokens;
  std::vector<std::string> open_paths;
};

/// One listening socket. Strict: whatever two parsers could read differently is refused with 400
/// and the connection closed (net/README.md lists the cases). Thread-safe.
class HttpServer {
 public:
  HttpServer(ServerOptions options, Handler handler, ErrorRenderer on_error = RenderJsonError);
  /// Stops.
  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  /// Listens and serves; returns the port. kInvalidArgument for a host that is no address and for
  /// TLS files that cannot be used, kUnavailable if the port is taken, kPermissionDenied if it may
  /// not be used.
  Result<uint16_t> Start();
  /// Graceful: no new connection, idle ones are closed, requests in flight are answered (with
  /// `Connection: close`) until drain_timeout. Idempotent; blocks until all threads have ended.
  void Stop();
  /// Requests that the handler has now.
  size_t inflight() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// Keeps SIGTERM and SIGINT from every thread started later, so that WaitForShutdown() alone takes
/// them. Call before the first thread starts.
void BlockShutdownSignals();
/// Blocks until SIGTERM or SIGINT; returns the signal's number.
int WaitForShutdown();

/// "Not Found" and so on.
std::string_view ReasonPhrase(int status);

}  // namespace quern::net
