#pragma once
// A server that the user named, asked over HTTP or HTTPS, again and again.
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "net/client.h"
#include "net/http.h"
#include "net/server_url.h"
#include "net/tls_trust.h"

namespace quern::net {

struct PeerOptions {
  ClientOptions client;
  TlsTrust trust;
};

/// Keeps its connection open between calls. Not thread-safe. Any HTTP status is a value, redirects
/// included; a request is sent once. Errors: kUnavailable (no connection, or it broke),
/// kDeadlineExceeded, kFailedPrecondition for a certificate that is not trusted,
/// kResourceExhausted for an answer above `client.max_body`.
class Peer {
 public:
  virtual ~Peer() = default;
  /// `target` is path and query below the server's own path, already encoded.
  virtual Result<HttpResponse> Send(std::string_view method, std::string_view target,
                                    std::string_view body, const std::vector<Header>& headers) = 0;
  /// GET whose body, if the status is 200, goes to `sink` in pieces while it comes, however long it
  /// is; of another status it is in the answer. The limit of time is then of each piece. An error
  /// of the sink is returned, and ends the connection.
  virtual Result<HttpResponse> Download(std::string_view target, const std::vector<Header>& headers,
                                        const PieceSink& sink) = 0;

  /// kUnavailable if https is asked for and libcurl cannot be loaded. Nothing is sent yet.
  static Result<std::unique_ptr<Peer>> Open(const ServerUrl& url, const PeerOptions& options);
};

}  // namespace quern::net
