#pragma once
// Inside of net/ only: one request and its answer as libcurl sees them.
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "net/curl_library.h"
#include "net/http.h"
#include "net/piece_sink.h"
#include "net/tls_trust.h"

namespace quern::net {

/// Outlives its transfer, and is not moved meanwhile: curl holds pointers into it.
class CurlExchange {
 public:
  CurlExchange(const CurlLibrary& curl, std::string method, std::string url,
               const std::vector<Header>& headers, std::string_view body);
  ~CurlExchange() { curl_.slist_free_all(headers_); }
  CurlExchange(const CurlExchange&) = delete;
  CurlExchange& operator=(const CurlExchange&) = delete;

  /// Bytes of an answer's body that are kept, and whether one that is longer is an error; else its
  /// rest is read and dropped.
  uint64_t max_body = 64u << 10;
  bool refuse_longer = false;
  /// Where the body of an answer 200 goes, however long it is; its error ends the transfer.
  const PieceSink* sink = nullptr;
  /// Whether to connect to this machine, private networks and links.
  bool allow_private = true;

  /// Tells the handle all about it. `timeout`: seconds for all of it, with a sink for each piece.
  void Prepare(CURL* handle, double timeout, const TlsTrust& trust);
  /// When curl is done with it. kPermissionDenied for an address that is not allowed,
  /// kFailedPrecondition for a certificate that is not trusted,
  /// kDeadlineExceeded, kResourceExhausted for a body that is too long, kUnavailable.
  Result<HttpResponse> Take(CURL* handle, CURLcode code);

 private:
  static size_t OnBody(char* bytes, size_t size, size_t count, void* user);
  static size_t OnHeader(char* bytes, size_t size, size_t count, void* user);
  static curl_socket_t OnSocket(void* user, curlsocktype purpose, curl_sockaddr* address);

  const CurlLibrary& curl_;
  std::string method_;
  std::string url_;
  std::string_view body_;
  curl_slist* headers_ = nullptr;
  HttpResponse response_;
  bool refused_ = false;
  bool too_long_ = false;
  bool to_sink_ = false;  // the answer's status is 200
  Status sunk_;
};

}  // namespace quern::net
