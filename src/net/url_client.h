#pragma once
// A blocking client of one server that speaks HTTP or HTTPS, over libcurl.
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "net/http.h"
#include "net/piece_sink.h"
#include "net/tls_trust.h"

namespace quern::net {

class CurlExchange;

struct UrlClientOptions {
  /// Seconds for one exchange, connecting included.
  double timeout = 30;
  /// Bytes of an answer's body; more is kResourceExhausted.
  uint64_t max_body = 256u << 20;
  TlsTrust trust;
};

/// Keeps one connection open between calls. Not thread-safe: one client per thread. Any HTTP status
/// is a value; errors are kUnavailable (no connection, or it broke), kDeadlineExceeded, and
/// kFailedPrecondition (a certificate that is not trusted).
/// Follows no redirect, asks no proxy. libcurl is loaded when the first client is opened.
class UrlClient {
 public:
  /// kUnavailable if libcurl cannot be loaded.
  static Result<std::unique_ptr<UrlClient>> Open(const UrlClientOptions& options);
  ~UrlClient();
  UrlClient(const UrlClient&) = delete;
  UrlClient& operator=(const UrlClient&) = delete;

  /// `url` is already encoded.
  Result<HttpResponse> Send(std::string_view method, const std::string& url, std::string_view body,
                            const std::vector<Header>& headers);

  /// GET whose body, if the status is 200, goes to `sink` in pieces while it comes, however long it
  /// is; of another status it is in the response. `timeout` is then of each piece. An error of the
  /// sink is returned, and ends the connection.
  Result<HttpResponse> Download(const std::string& url, const std::vector<Header>& headers,
                                const PieceSink& sink);

 private:
  Result<HttpResponse> Perform(CurlExchange& exchange);
  struct State;
  explicit UrlClient(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace quern::net
