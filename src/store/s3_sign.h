#pragma once
// Requests to an S3-compatible store are signed with AWS Signature Version 4. Pure.
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "net/http.h"

namespace quern::store {

struct S3Credentials {
  std::string access_key;
  std::string secret_key;
  /// Of temporary credentials; "" for others.
  std::string session_token;
};

struct S3Request {
  std::string method;
  /// Decoded: "/bucket/a b".
  std::string path;
  /// Decoded; names are unique.
  std::map<std::string, std::string> query;
  /// Besides Host and what the signature adds.
  std::vector<net::Header> headers;
  std::string body;
};

/// Path and query, percent-encoded as the signature has them.
std::string S3Target(const S3Request& request);

/// The request's headers and those of the signature, without Host, which is signed as `host`.
/// `now_ms` since 1970.
std::vector<net::Header> SignedHeaders(const S3Request& request, std::string_view host,
                                       std::string_view region, const S3Credentials& credentials,
                                       int64_t now_ms);

}  // namespace quern::store
