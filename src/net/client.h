#pragma once
// A small blocking HTTP/1.1 client for our own services: deploy and monitor steps, tests.
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "net/http.h"
#include "net/piece_sink.h"

namespace quern::net {

struct ClientOptions {
  /// Seconds for one exchange, connecting included.
  double timeout = 30;
  /// Bytes of a response's body; more is kResourceExhausted.
  uint64_t max_body = 256u << 20;
};

/// Keeps one connection open between calls. Not thread-safe: one client per thread. Any HTTP status
/// is a value; errors are kUnavailable (no connection, or it broke) and kDeadlineExceeded. A
/// request is sent once; only GET and HEAD are repeated, once, when a kept connection turns out to
/// be closed.
class HttpClient {
 public:
  HttpClient(std::string host, uint16_t port, ClientOptions options = {});
  ~HttpClient();
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;

  /// `target` is path and query, already encoded.
  Result<HttpResponse> Get(std::string_view target, const std::vector<Header>& headers = {});
  Result<HttpResponse> Post(std::string_view target, std::string_view body,
                            std::string_view content_type = "application/json",
                            const std::vector<Header>& headers = {});
  /// Any method; `target` as above.
  Result<HttpResponse> Send(std::string_view method, std::string_view target, std::string_view body,
                            const std::vector<Header>& headers);
  /// GET whose body, if the status is 200, goes to `sink` in pieces while it comes, however long it
  /// is; of another status it is in the response. `timeout` is then of each piece. An error of the
  /// sink is returned, and ends the connection. Not repeated.
  Result<HttpResponse> Download(std::string_view target, const std::vector<Header>& headers,
                                const PieceSink& sink);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace quern::net
