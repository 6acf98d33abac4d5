#include "store/s3_sign.h"

#include <doctest/doctest.h>

#include "base/time.h"

namespace quern::store {
namespace {

/// The credentials, time and bucket of the examples in Amazon's description of the signature for
/// S3.
constexpr std::string_view kHost = "examplebucket.s3.amazonaws.com";
const S3Credentials kExample{"AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
                             ""};

std::string Signature(const S3Request& request) {
  int64_t now = ParseTime("2013-05-24T00:00:00.000Z").value();
  auto headers = SignedHeaders(request, kHost, "us-east-1", kExample, now);
  std::string_view all = net::FindHeader(headers, "Authorization");
  return std::string(all.substr(all.rfind('=') + 1));
}

TEST_CASE("the published examples") {
  CHECK(Signature({"GET", "/test.txt", {}, {{"Range", "bytes=0-9"}}, ""}) ==
        "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41");
  CHECK(Signature({"PUT",
                   "/test$file.text",
                   {},
                   {{"Date", "Fri, 24 May 2013 00:00:00 GMT"},
                    {"x-amz-storage-class", "REDUCED_REDUNDANCY"}},
                   "Welcome to Amazon S3."}) ==
        "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd");
  CHECK(Signature({"GET", "/", {{"lifecycle", ""}}, {}, ""}) ==
        "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543");
  CHECK(Signature({"GET", "/", {{"max-keys", "2"}, {"prefix", "J"}}, {}, ""}) ==
        "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7");
}

TEST_CASE("the target is encoded as it is signed, a session's token is signed too") {
  S3Request request{"GET", "/b/a b/ü+", {{"prefix", "x/y z"}}, {}, ""};
  CHECK(S3Target(request) == "/b/a%20b/%C3%BC%2B?prefix=x%2Fy%20z");
  S3Credentials session{"k", "s", "token"};
  auto headers = SignedHeaders(request, "h", "r", session, 0);
  CHECK(net::FindHeader(headers, "x-amz-security-token") == "token");
  CHECK(net::FindHeader(headers, "x-amz-date") == "19700101T000000Z");
  CHECK(net::FindHeader(headers, "Authorization").find("x-amz-security-token,Signature") !=
        std::string_view::npos);
}

}  // namespace
}  // namespace quern::store
