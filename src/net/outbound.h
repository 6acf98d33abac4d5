#pragma once
// Requests to servers that users name: HTTP and HTTPS, several under way at once, guarded against
// being sent where only this machine can reach. libcurl does the work; it is loaded when the first
// request is made, so that programs that send none pay nothing.
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "net/http.h"
#include "net/tls_trust.h"

namespace quern::net {

struct OutboundOptions {
  /// Requests under way at once; more wait their turn.
  size_t parallel = 10;
  /// Seconds for one exchange, connecting included.
  double timeout = 30;
  /// Bytes of an answer's body that are kept; the rest is read and dropped.
  size_t kept_body = 64u << 10;
  /// Allow this machine, private networks and links (address.h).
  bool allow_private = false;
  TlsTrust trust;
};

struct OutboundRequest {
  std::string url;  // http: or https:
  std::vector<Header> headers;
  std::string body;
};

/// Sends POST requests. Follows no redirect, asks no proxy, keeps no cookie; certificates are
/// checked. Any HTTP status is a value. Errors: kPermissionDenied for an
/// address that is not public, judged when the connection is made, after resolving;
/// kDeadlineExceeded; kUnavailable for the rest.
/// One thread calls Post and Wait; Wake may come from any.
class Outbound {
 public:
  /// kUnavailable if libcurl cannot be loaded.
  static Result<std::unique_ptr<Outbound>> Open(const OutboundOptions& options);
  ~Outbound();
  Outbound(const Outbound&) = delete;
  Outbound& operator=(const Outbound&) = delete;

  struct Ended {
    uint64_t ticket = 0;
    Result<HttpResponse> answer;
  };
  /// Begins; `ticket` comes back with the answer.
  void Post(uint64_t ticket, OutboundRequest request);
  /// Moves requests on until one has ended, Wake was called, or so many seconds have passed.
  std::vector<Ended> Wait(double seconds);
  void Wake();
  size_t running() const;

  /// One request, from its beginning to its end.
  static Result<HttpResponse> Exchange(const OutboundOptions& options, OutboundRequest request);

 private:
  struct State;
  explicit Outbound(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace quern::net
